"""Learning rates of two recipes: the same curve earlier or later, scaled, or another one."""

from collections.abc import Iterator
from dataclasses import replace

from crosscheck.ports.recipe import Recipe, same
from crosscheck.ports.supposition import Supposition, differs, some

# By how many steps a schedule may be early or late.
OFFSETS = (1, -1, 2, -2, 3, -3)
# A schedule in float32 is some functions deep: so near are two points of the same curve.
ALIKE = 1e-6
SHOWN = 4
Rates = tuple[float, ...]


def of_rates(torch: Recipe, keras: Recipe, steps: int) -> Iterator[Supposition]:
    """In what the learning rates differ, if they do."""
    ours, theirs = torch.rates, keras.rates
    if torch.apart:
        names = sorted(torch.apart)
        text = (
            f"keras has the same learning rate for all parameters, {theirs[0]:.6g}; torch has "
            f"{torch.apart[names[0]][0]:.6g} for {some(names)} and {ours[0]:.6g} for the others"
        )
        yield Supposition("optimizer.learning_rate", text, lambda r: replace(r, rates=theirs, apart={}))
    elif not all(same(a, b) for a, b in zip(ours[:steps], theirs[:steps], strict=True)):
        identifier, text = _named(ours, theirs, steps)
        yield Supposition(identifier, text, lambda r: replace(r, rates=theirs))


def _named(ours: Rates, theirs: Rates, steps: int) -> tuple[str, str]:
    shift = _shift(ours, theirs[:steps])
    if shift:
        when = f"{_counted(abs(shift))} {'earlier' if shift > 0 else 'later'}"
        return "schedule.offset", f"the learning rate changes {when} in keras: {_few(ours, theirs, steps)}"
    factors = [_alike(b * ours[0], a * theirs[0]) for a, b in zip(ours[:steps], theirs, strict=False)]
    if ours[0] and theirs[0] and all(factors):
        return "optimizer.learning_rate", differs("the learning rate", ours[0], theirs[0])
    return "schedule.kind", f"the learning rate follows another curve: {_few(ours, theirs, steps)}"


def _alike(one: float, other: float) -> bool:
    return abs(one - other) <= ALIKE * abs(one)


def _shift(ours: Rates, theirs: Rates) -> int:
    """So many steps earlier is Keras' schedule; 0 if it is not PyTorch's shifted."""
    for shift in OFFSETS:
        beside = [(ours[n + shift], rate) for n, rate in enumerate(theirs) if 0 <= n + shift < len(ours)]
        varied = not all(_alike(rate, beside[0][1]) for _, rate in beside)
        if varied and all(_alike(a, b) for a, b in beside) and _begins(ours, theirs, -shift):
            return shift
    return 0


def _begins(ours: Rates, theirs: Rates, late: int) -> bool:
    """Whether what Keras has before PyTorch's curve begins belongs to it: it waits, or the curve goes on."""
    if late <= 0 or all(_alike(ours[0], rate) for rate in theirs[:late]):
        return True
    triples = list(zip(theirs, theirs[1:], theirs[2:], strict=False))[:late]
    straight = all(abs(a - 2 * b + c) <= ALIKE * abs(b) for a, b, c in triples)
    return straight or all(_alike(b * b, a * c) for a, b, c in triples)


def _counted(steps: int) -> str:
    return "1 step" if steps == 1 else f"{steps} steps"


def _few(ours: Rates, theirs: Rates, steps: int) -> str:
    """Both, around the first step at which they differ."""
    first = next(n for n in range(steps) if not same(ours[n], theirs[n]))
    begin = max(0, min(first - 1, steps - SHOWN))
    shown = [
        ", ".join(f"{rate:.4g}" for rate in rates[begin : min(steps, begin + SHOWN)])
        for rates in (theirs, ours)
    ]
    more = " ..." if steps > begin + SHOWN else ""
    when = f"from step {begin + 1} on " if begin else ""
    return f"{when}{shown[0]}{more} in keras and {shown[1]}{more} in torch"
