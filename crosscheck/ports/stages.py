"""Which stage comparing two models is in, told by the calls that go over to the frameworks."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from crosscheck.sides import Sides

STARTING = "starting both frameworks"
STAGES = {
    "torch_impl.trace:open_model": "building both models",
    "torch_impl.trace:program": "following the data through both models",
    "keras_impl.trace:program": "pairing their layers",
    "torch_impl.trace:run": "running both models",
    "keras_impl.trace:replay": "running keras' layers on torch's tensors",
    "torch_impl.trace:replay": "looking for causes",
    "torch_impl.backward:backward": "running both in training mode",
    "torch_impl.recipes:train": "taking training steps",
    "torch_impl.retraining:emulate": "taking training steps in other ways, to find the cause",
}


@contextmanager
def told(sides: Sides, tell: Callable[[str], None]) -> Iterator[None]:
    """Within the block every new stage is told."""

    def called(target: str) -> None:
        if target in STAGES:
            tell(STAGES[target])

    both = (sides.torch, sides.keras)
    kept = [side.on_call for side in both]
    for side in both:
        side.on_call = called
    try:
        yield
    finally:
        for side, before in zip(both, kept, strict=True):
            side.on_call = before
