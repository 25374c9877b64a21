"""What one model drops at random in training and the other does not: nothing that is compared shows it."""

from collections import Counter
from collections.abc import Iterator, Sequence

from crosscheck.ports.divergence import Place
from crosscheck.ports.identifiers import group
from crosscheck.ports.observation import Observation
from crosscheck.ports.program import Drop
from crosscheck.ports.stretches import Stretch

OF_RECURRENT_LAYERS = ("inputs", "states")


def unlike_drops(places: list[Place], torch: Sequence[Drop], keras: Sequence[Drop]) -> Iterator[Observation]:
    """Dropout that is missing, extra, of another kind or, if nothing in evaluation mode shows it, rate."""
    inside = [drop for drop in keras if drop.what in OF_RECURRENT_LAYERS]
    if inside:
        place = next(
            (p for p in places if any(group(n.kind) == "recurrent" for n in p.keras.nodes)), places[-1]
        )
        text = f"keras' recurrent layers drop {said(inside)}, by one mask for all steps; PyTorch's never do"
        yield Observation(place, "settings", 0.0, "recurrent.dropout", text)
        keras = [drop for drop in keras if drop not in inside]
    if name := _named(torch, keras):
        unlike = [place for place in places if _count(place.torch) != _count(place.keras)]
        if set(torch) == set(keras):
            # Several where the other has one may drop parts of the same, as one head after the other.
            unlike = [place for place in unlike if 0 in (_count(place.torch), _count(place.keras))]
            if not unlike:
                return
        if name != "dropout.kind" and not unlike and any(_count(place.keras) for place in places):
            name = "dropout.rate"  # each has its counterpart, which may have a rate of 0
        text = f"in training keras drops {said(keras)}, torch {said(torch)}"
        yield Observation(unlike[0] if unlike else places[-1], "settings", 0.0, name, text)


def _count(stretch: Stretch) -> int:
    """How many of its steps drop, as evaluation mode shows them."""
    return sum(node.kind == "dropout" for node in stretch.nodes)


def _named(torch: Sequence[Drop], keras: Sequence[Drop]) -> str:
    """The cause by which they differ; empty if they do not."""
    if len(torch) != len(keras):
        return "dropout.missing" if len(torch) > len(keras) else "dropout.extra"
    known = all(drop.what for drop in (*torch, *keras))
    if known and sorted(drop.what for drop in torch) != sorted(drop.what for drop in keras):
        return "dropout.kind"
    return (
        "dropout.rate" if sorted(drop.rate for drop in torch) != sorted(drop.rate for drop in keras) else ""
    )


def said(drops: Sequence[Drop]) -> str:
    """What is dropped, in words."""
    counts = Counter(drops)
    parts = [
        f"{drop.what or 'something'} ({drop.rate:g})" + (f" at {count} places" if count > 1 else "")
        for drop, count in counts.items()
    ]
    return ", ".join(parts) or "nothing"
