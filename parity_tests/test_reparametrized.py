"""Weight norm and spectral norm: a weight that is computed is not called a wrong layer, nor an equal one."""

from pathlib import Path

import pytest

from crosscheck.errors import CrosscheckError
from crosscheck.ports import inputs
from crosscheck.ports.comparison import Ports
from crosscheck.ports.reparametrized import reparametrized
from crosscheck.ports.report import examine
from crosscheck.sides import Sides

FOLDER = Path(__file__).parent / "ported"
# Spectral norm and pruning call the parameter alike.
ORIGINAL = "prune.remove (of a pruned layer) or torch.nn.utils.remove_spectral_norm"


def on_the_table(sides: Sides, torch: str, keras: str) -> Ports:
    sources = f"{FOLDER / 'reparametrized_torch.py'}:{torch}", f"{FOLDER / 'reparametrized_keras.py'}:{keras}"
    return Ports(sides, *sources, inputs.read(("2x3x5x7",)))


@pytest.mark.parametrize(
    ("torch", "keras"),
    [
        ("weight_norm", "weight_norm"),
        ("old_weight_norm", "weight_norm"),
        ("undone", "plain"),
        ("old_undone", "plain"),
        ("pruned_for_good", "plain"),
    ],
)
def test_both_compute_it_or_neither(torch: str, keras: str, sides: Sides) -> None:
    assert examine(on_the_table(sides, torch, keras)).equal


@pytest.mark.parametrize(
    ("torch", "undoing"),
    [
        ("weight_norm", "parametrize.remove_parametrizations"),
        ("spectral_norm", "parametrize.remove_parametrizations"),
        ("old_weight_norm", "remove_weight_norm"),
        ("old_spectral_norm", ORIGINAL),
        ("pruned", ORIGINAL),
    ],
)
def test_one_that_computes_it_is_told_how_to_be_compared(torch: str, undoing: str, sides: Sides) -> None:
    with pytest.raises(CrosscheckError) as raised:
        on_the_table(sides, torch, "plain")
    assert "torch computes the weight of 0 before every call, and keras' conv2d has its own" in str(
        raised.value
    )
    assert f'torch.nn.utils.{undoing}(layer, "weight")' in str(raised.value)


def test_names_that_only_look_like_it() -> None:
    assert reparametrized("attention.in_proj_v", {"attention.in_proj_v", "attention.in_proj_q"}) is None
    assert reparametrized("a.weight_v", {"a.weight_v", "a.weight_g"}) == (
        "a",
        "weight",
        "torch.nn.utils.remove_weight_norm",
    )
