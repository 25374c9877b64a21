"""Which of the steps between two layers is at fault: what Keras' steps give is put into PyTorch's.

A stretch begins with equal tensors. Where one of Keras' tensors on the way, put in place of one of
PyTorch's, makes PyTorch's stretch end as Keras' does, everything behind agrees: the fault lies between the
last tensors that agree and that one.
"""

from crosscheck.ports.attention_places import centre_of
from crosscheck.ports.hypotheses import Hypothesis, Scene
from crosscheck.ports.identifiers import SHAPING
from crosscheck.ports.matching import Matching, makes
from crosscheck.ports.naming import Segment, named
from crosscheck.ports.parting import Operand, Parting
from crosscheck.ports.program import Node
from crosscheck.ports.stretches import SILENT, Stretch

# How many tensors are tried, those between which there is least: by the numbers that each trial takes.
FEWEST, MOST, NUMBERS = 40, 400, 4e8


def transplants(scene: Scene, matching: Matching) -> list[tuple[Segment, Hypothesis]]:
    """Every tensor of Keras' that fits in place of one of PyTorch's, as hypotheses, the narrowest first.

    Args:
        scene: the place.
        matching: of the tensors there.
    """
    place = scene.parted.place
    same = set(matching.same.values()), set(matching.same)
    makers = {number: node for node in place.torch.nodes for number in node.outputs}
    found = []
    for a in matching.torch:
        if a in makers and makers[a].kind == "parameter":
            continue
        for b in matching.keras:
            if (a in same[0] and b in same[1]) or (a == place.torch.ends and b != place.keras.ends):
                continue
            segment = _segment(a, b, scene, matching)
            if segment is None:
                continue
            name, text = named(segment, scene, _parting(segment, scene, matching))
            if name:
                steps = tuple(node.step for node in segment.torch)
                last = not _used(a, place.torch)
                forced = segment.forced
                tried = Hypothesis(name, text, segment.step, forced=forced, about=steps, last=last)
                found.append((segment, tried))
    size = sum(array.size for array in matching.torch.values())
    most = int(min(MOST, max(FEWEST, NUMBERS / max(1, size))))
    return sorted(found, key=lambda item: len(item[0].torch) + len(item[0].keras))[:most]


def before_attention(scene: Scene, matching: Matching) -> list[Hypothesis]:
    """Keras' queries, keys and values, as far as they are others, together in place of PyTorch's."""
    place = scene.parted.place
    centres = centre_of(place.torch), centre_of(place.keras)
    if centres[0] is None or centres[1] is None:
        return []
    both = zip(centres[0].parts, centres[1].parts, strict=True)
    unlike = [(a, b) for a, b in both if b in matching.keras and b not in matching.same]
    segments = [segment for a, b in unlike if (segment := _segment(a, b, scene, matching))]
    if len(segments) < 2 or len(segments) < len(unlike):
        return []
    name, text = named(segments[0], scene, _parting(segments[0], scene, matching))
    forced = {number: array for segment in segments for number, array in segment.forced.items()}
    text = f"{text}; so for {len(segments)} of queries, keys and values"
    return [Hypothesis(name or "glue.operation", text, segments[0].step, forced=forced)]


def _segment(a: int, b: int, scene: Scene, matching: Matching) -> Segment | None:
    """What makes a tensor on either side, with Keras' put in place of PyTorch's; None if it does not fit."""
    turned = matching.as_torch(a, b)
    if turned is None:
        return None
    place = scene.parted.place
    steps = makes(place.torch, a, set(matching.same.values())), makes(place.keras, b, set(matching.same))
    first = next(
        (node for node in steps[1] if set(node.inputs) & matching.keras.keys() <= set(matching.same)), None
    )
    return Segment(
        _of_data(steps[0], place.torch),
        _of_data(steps[1], place.keras),
        {a: turned},
        steps[0][-1].step if steps[0] else 0,
        first,
    )


def _used(number: int, stretch: Stretch) -> bool:
    """Whether a stretch computes with a tensor of its own, and does not only reshape it."""
    flowing, kinds = {number}, set[str]()
    for node in stretch.nodes:
        if flowing & set(node.inputs):
            flowing |= set(node.outputs)
            kinds.add(node.kind)
    return bool(kinds - {*SHAPING, *SILENT})


def _of_data(nodes: tuple[Node, ...], stretch: Stretch) -> tuple[Node, ...]:
    """Those that depend on what the stretch begins with; the others make constants."""
    flowing = set(stretch.begins)
    for node in stretch.nodes:
        if flowing & set(node.inputs):
            flowing |= set(node.outputs)
    return tuple(node for node in nodes if flowing & set(node.outputs) or node.kind == "parameter")


def _parting(segment: Segment, scene: Scene, matching: Matching) -> Parting:
    """The two tensors, and what they are made of."""
    ((number, turned),) = segment.forced.items()
    stretch: Stretch = scene.parted.place.torch
    sources = {n for node in stretch.nodes if node.kind == "parameter" for n in node.outputs}
    made = {n for node in stretch.nodes if node.kind != "parameter" for n in node.outputs}
    same = {*matching.same.values(), *stretch.begins} & matching.torch.keys()
    mine = {n for node in segment.torch for n in node.inputs if n in same}
    known = {n for node in segment.keras for n in node.inputs if n in matching.same}
    known |= {n for node in segment.keras for n in node.inputs if n in scene.parted.place.keras.begins}
    theirs = {matching.same.get(n, -n) for n in known}
    operands = [
        Operand(matching.torch[n], n not in sources and (n in made or n in stretch.begins))
        for n in dict.fromkeys([*mine, *theirs, *stretch.begins])
        if n in matching.torch
    ]
    steps = segment.torch, segment.keras
    elsewhere = bool(mine - theirs and theirs - mine)
    return Parting(matching.torch[number], turned, operands, steps, scene.at_input, elsewhere)
