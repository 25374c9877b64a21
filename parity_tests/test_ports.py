"""A user's own pair of models: right ports are called equal, and mistakes are found and named."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from crosscheck.cli import main
from crosscheck.errors import CrosscheckError
from crosscheck.ports import inputs
from crosscheck.ports.comparison import Ports
from crosscheck.ports.diagnosis import diagnose
from crosscheck.ports.divergence import relative_error
from crosscheck.ports.structure import resemblance
from crosscheck.sides import Sides

ORIGINALS, PORTS = (f"{Path(__file__).parent / 'ported' / name}.py" for name in ("originals", "ports"))
INPUTS = {
    "residual": "2x3x16x24",
    "decoder": "2x3x8x12",
    "mixer": "4x11:int64:0..29",
    "signal": "3x2x20",
    "mobile": "2x3x16x24",
    "shared": "4x6",
}
# A mistake, the PyTorch layer behind which it is seen first, and what it is called.
MISTAKES = {
    "residual_epsilon": ("block1.bn1", "norm.epsilon"),
    "residual_same_padding": ("block1.conv1", "conv.padding"),
    "residual_no_relu": ("block1.conv2", "activation.missing"),
    "residual_no_bias": ("block1.conv2", "layer.bias_missing"),
    "residual_avg_pool": ("block1.conv1", "pooling.kind"),
    "decoder_groups": ("norm", "norm.groups"),
    "decoder_gelu_tanh": ("up", "activation.gelu_approximation"),
    "decoder_tanh": ("the output", "activation.kind"),
    "mixer_epsilon": ("norm2", "norm.epsilon"),
    "mixer_relu": ("wide", "activation.kind"),
    "signal_slope": ("layers.3", "activation.slope"),
    "signal_dilation": ("layers.3", "conv.dilation"),
    "signal_softmax": ("the output", "activation.kind"),
    "shared_sigmoid": ("last", "activation.kind"),
    "mobile_relu": ("depthwise", "activation.kind"),
    "mobile_silu": ("pointwise", "activation.kind"),
}


def opened(sides: Sides, torch: str, keras: str, what: str) -> Ports:
    return Ports(sides, f"{ORIGINALS}:{torch}", f"{PORTS}:{keras}", inputs.read((what,)))


@pytest.mark.parametrize("net", INPUTS)
def test_a_right_port_is_equal(net: str, sides: Sides) -> None:
    comparison = opened(sides, net, net, INPUTS[net]).compare()
    assert comparison.equal
    assert max(comparison.outputs) < 1e-7
    assert not [str(parted.place) for parted in comparison.parted if parted.at_fault]


@pytest.mark.parametrize("port", MISTAKES)
def test_a_mistake_is_found_where_it_is_and_named(port: str, sides: Sides) -> None:
    net = port.partition("_")[0]
    layer, identifier = MISTAKES[port]
    ports = opened(sides, net, port, INPUTS[net])
    comparison = ports.compare()
    assert not comparison.equal
    faults = [parted for parted in comparison.parted if parted.at_fault]
    place = faults[0].place
    assert (place.pair.torch.path if place.pair else str(place)) == layer
    cause = diagnose(ports, faults[0])
    assert cause is not None
    assert [hypothesis.identifier for hypothesis in cause.hypotheses] == [identifier]
    assert cause.after < 1e-7 < cause.before


def test_what_no_hypothesis_explains_is_not_explained(sides: Sides) -> None:
    ports = opened(sides, "mobile", "mobile_bent", INPUTS["mobile"])
    faults = [parted for parted in ports.compare().parted if parted.at_fault]
    assert [str(parted.place) for parted in faults] == ["torch depthwise <-> keras dw (depthwise_conv2d)"]
    assert diagnose(ports, faults[0]) is None


def test_a_step_in_another_place_is_one_mistake(sides: Sides) -> None:
    ports = opened(sides, "residual", "residual_relu_before_add", INPUTS["residual"])
    faults = [parted for parted in ports.compare().parted if parted.at_fault]
    cause = diagnose(ports, faults[0])
    assert cause is not None
    assert {hypothesis.identifier for hypothesis in cause.hypotheses} == {"activation.order"}


@pytest.mark.parametrize(
    ("torch", "keras", "what", "message"),
    [
        ("raising", "residual", "2x3x16x24", "raised RuntimeError: no such weights (originals.py, line"),
        ("nothing", "residual", "2x3x16x24", "has no function 'nothing'; it has: "),
        (
            "residual",
            "other_width",
            "2x3x16x24",
            "no layer of the other model is of the same kind and shape as",
        ),
        ("projected", "lstm", "2x11x4", "as: torch weight_ih_l0 (parameter) of a LSTM (4, 20);"),
        ("residual", "residual", "2x4x16x24", "torch: RuntimeError"),
        ("without_weights", "residual", "2x3x16x24", "hold no weights"),
    ],
)
def test_what_cannot_be_compared_is_said_in_one_line(
    torch: str, keras: str, what: str, message: str, sides: Sides
) -> None:
    with pytest.raises(CrosscheckError) as error:
        opened(sides, torch, keras, what)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_equal_shapes_are_told_apart_by_what_is_done_with_them(sides: Sides) -> None:
    assert opened(sides, "twins", "twins", "2x6").compare().equal
    pair = (f"{ORIGINALS}:twins", f"{PORTS}:twins")
    for layers, right in ((("dense", "dense_1"), True), (("dense_1", "dense"), False)):
        given = dict(zip("ab", layers, strict=True))
        assert Ports(sides, *pair, inputs.read(("2x6",)), 0, given).compare().equal == right


def test_nan_and_other_shapes_are_never_near() -> None:
    one = np.ones((2, 3))
    assert relative_error(one, np.full((2, 3), np.nan)) == np.inf
    assert relative_error(np.full((2, 3), np.nan), np.full((2, 3), np.nan)) == np.inf
    assert relative_error(one, one.T) == np.inf
    assert relative_error(np.empty((0,)), np.empty((0,))) == np.inf


@pytest.mark.parametrize("text", ["2x", "0x3", "2x3:int64", "2x3:float32:0..4", "x", "nothing.npz"])
def test_inputs_that_are_none(text: str) -> None:
    with pytest.raises(CrosscheckError):
        inputs.read((text,))


def test_inputs_from_a_file(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", images=np.ones((2, 3), np.float32), tokens=np.zeros((2, 4), np.int64))
    images, tokens = inputs.read((str(tmp_path / "x.npz"),))
    assert images.dtype == np.float64
    assert tokens.shape == (2, 4)


def test_names_help_where_they_can() -> None:
    assert resemblance("layer1.0.q_proj", "stage_1_query") > resemblance("layer1.0.q_proj", "stage_1_key")
    assert resemblance("fc", "fc") == 1
    assert resemblance("", "dense") == 0


def test_the_command(tmp_path: Path) -> None:
    file = tmp_path / "found.json"
    arguments = [
        f"{ORIGINALS}:residual",
        f"{PORTS}:residual_epsilon",
        "--input",
        "2x3x16x24",
        "--json",
        str(file),
    ]
    answer = CliRunner().invoke(main, ["compare", *arguments])
    assert answer.exit_code == 1
    assert "epsilon is 0.001 in keras and 1e-05 in torch" in answer.output
    found = json.loads(file.read_text())
    assert found["verdict"] == "different"
    assert found["cause"] == ["norm.epsilon"]
    assert found["first_divergence"] == "torch block1.bn1 <-> keras stage1_bn1 (batch_norm)"
    assert {"evidence", "layers"} <= found.keys()
