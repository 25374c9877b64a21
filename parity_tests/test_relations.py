"""What Keras' tensor is to PyTorch's, told from the numbers; and which tensors are the same."""

from collections.abc import Sequence

import numpy as np
import pytest

from crosscheck.ports.matching import first_unlike, match
from crosscheck.ports.parting import Operand, Parting
from crosscheck.ports.program import Node
from crosscheck.ports.relations import relation
from crosscheck.ports.stretches import Stretch

GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(size=(2, 3, 5, 7))
Y = GENERATOR.normal(size=(2, 3, 5, 7))
Z = GENERATOR.normal(size=(2, 3, 5, 7))


def node(kind: str, inputs: tuple[int, ...] = (1,), output: int = 2) -> Node:
    return Node(output, "", kind, {}, {}, inputs, (output,), output)


def told(
    torch: np.ndarray,
    keras: np.ndarray,
    *operands: np.ndarray,
    does: tuple[Sequence[str], Sequence[str]] = ((), ()),
) -> str:
    steps = tuple([node(kind) for kind in kinds] for kinds in does)
    found = relation(Parting(torch, keras, [Operand(x, True) for x in operands], steps, False))  # type: ignore[arg-type]
    return found[0] if found else ""


RELU, SQUARE = np.maximum(X, 0), X[..., :5]


@pytest.mark.parametrize(
    ("identifier", "torch", "keras", "operands", "does"),
    [
        ("activation.missing", RELU, X, (X,), (("relu",), ())),
        ("activation.missing", np.tanh(X), X, (), (("tanh",), ())),
        ("activation.extra", X, RELU, (X,), ((), ("relu",))),
        ("activation.kind", RELU, np.tanh(X), (X,), (("relu",), ("tanh",))),
        ("activation.slope", np.where(X > 0, X, 0.01 * X), np.where(X > 0, X, 0.2 * X), (X,), ((), ())),
        ("residual.missing", X + Y, X, (X, Y), (("add",), ())),
        ("glue.missing", X + Y * Z, X, (X, Y, Z), (("multiply", "add"), ())),
        ("norm.missing", X / np.sqrt((X**2).mean(1, keepdims=True)), X, (X,), (("mean", "rsqrt"), ())),
        ("glue.operation", X + Y, X * Y, (X, Y), (("add",), ("multiply",))),
        ("glue.operation", X + Y, X + Z, (X, Y, Z), (("add",), ("add",))),
        ("glue.order", X - Y, Y - X, (X, Y), (("subtract",), ("subtract",))),
        ("pooling.kind", X.mean((2, 3)), X.max((2, 3)), (X,), (("mean",), ("max",))),
        ("glue.axis", SQUARE.mean(2), SQUARE.mean(3), (SQUARE,), (("mean",), ("mean",))),
        ("glue.constant", X, 2 * X, (), (("add", "multiply"), ("add", "multiply"))),
        ("glue.constant", X, X + 0.5, (), (("add", "multiply"), ("add", "multiply"))),
        ("glue.order", X, Y, (X, Y), ((), ())),
        ("", X, Z, (Y,), (("add",), ("add",))),
        ("", X, np.full_like(X, np.nan), (X,), (("add",), ("add",))),
    ],
)
def test_a_relation(
    identifier: str,
    torch: np.ndarray,
    keras: np.ndarray,
    operands: tuple[np.ndarray, ...],
    does: tuple[tuple[str, ...], tuple[str, ...]],
) -> None:
    assert told(torch, keras, *operands, does=does) == identifier


def stretch(*nodes: Node) -> Stretch:
    return Stretch(nodes, (1,), nodes[-1].outputs[0])


def test_the_same_tensors_are_found_in_another_order_of_axes() -> None:
    torch = stretch(node("relu"), node("tanh", (2,), 3))
    keras = stretch(node("relu"), node("sigmoid", (2,), 3))
    mine = {1: X, 2: RELU, 3: np.tanh(RELU)}
    last = (0, 2, 3, 1)
    theirs = {1: X.transpose(last), 2: RELU.transpose(last), 3: (RELU + 1).transpose(last)}
    found = match(torch, keras, mine, theirs)
    assert found.same == {1: 1, 2: 2}
    assert np.array_equal(found.as_torch(3, 3), RELU + 1)  # type: ignore[arg-type]
    assert first_unlike(keras, found) is keras.nodes[1]


def test_axes_of_one_size_that_are_exchanged_are_not_the_same() -> None:
    square = GENERATOR.normal(size=(2, 3, 6, 6))
    torch, keras = stretch(node("relu")), stretch(node("transpose"))
    mine = {1: square, 2: np.maximum(square, 0)}
    theirs = {1: square.transpose(0, 2, 3, 1), 2: np.maximum(square, 0).transpose(0, 3, 2, 1)}
    assert 2 not in match(torch, keras, mine, theirs).same
