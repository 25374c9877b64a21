"""Overfitting one batch (article 003): a net that cannot learn a handful of images by heart has a bug."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from crosscheck.layouts import Weights
from crosscheck.optimizers import Adam
from crosscheck.overfitting import PASSED, Plan
from crosscheck.reference.activations import softmax
from crosscheck.reference.losses import cross_entropy
from crosscheck.specs import cifar_cnn
from crosscheck.technique import Arrays, Call, Technique

NET = "small"
SIZE = (16, 24)
IMAGES = 6
HEAD = "fc3"
SHORT = Plan(Adam(0.01), steps=4)  # where the reason shows before the first


def batch(generator: np.random.Generator) -> Arrays:
    """Six images of different classes."""
    return {"x": generator.normal(size=(IMAGES, *SIZE, 3)), "y": generator.permutation(10)[:IMAGES]}


def initial_outputs(weights: Mapping[str, np.ndarray], x: np.ndarray) -> np.ndarray:
    """The logits before the first step, as numpy says; the weights of the last layer are made small."""
    calmed = {n: w * 2.0**-6 if n.startswith(f"{HEAD}.") else w for n, w in weights.items()}
    return cifar_cnn.oracle(cifar_cnn.TECHNIQUE.model(NET), calmed, x, True)[0]


def check_case(
    name: str,
    verdict: str,
    plan: Plan,
    refused: tuple[Mapping[str, Any], ...],
    loss: str = "cross_entropy",
    changes: Mapping[str, str] | None = None,
) -> Call:
    """The verdict on a net."""
    broken = bool(changes)

    def oracle(weights: Weights, x: np.ndarray, y: np.ndarray, **_: Any) -> dict[str, Any]:
        if broken:
            return {"verdict": verdict}
        outputs = initial_outputs(weights, x)
        begins = cross_entropy(softmax(outputs) if loss == "softmax_twice" else outputs, y)
        given = {"verdict": verdict, "initial_loss": begins}
        return given | {"hits": len(y)} if verdict == PASSED else given

    return Call(
        name=name,
        function="check",
        inputs=batch,
        arguments={"loss": loss, "changes": {HEAD: "calm", **(changes or {})}, "plan": plan},
        oracle=oracle,
        refused=refused,
        model=("cifar_cnn", NET),
        perturbed=False,
        # A whole training: rounding gathers from step to step, as in a trajectory.
        within={"initial_loss": 1e-12, "losses": 1e-10},
        # A verdict on what was broken on purpose is a matter of words.
        dtypes=("float64",) if broken or loss != "cross_entropy" else ("float64", "float32"),
    )


TECHNIQUE = Technique(
    name="overfit_one_batch",
    title="Overfitting one batch: a check of a net, its loss and its training",
    article="003",
    source="Article 003; A. Karpathy, A Recipe for Training Neural Networks (2019)",
    formula="the initial loss is -log(1/K); then the loss of one fixed batch of a few examples falls to "
    "about 0 and every one of them is right",
    errata=(
        "'With a very small learning rate' is not in the recipe and defeats the check: the loss does not "
        "fall, and nothing is wrong with the net.",
        "The recipe says 'a batch of only a few examples', as few as two, and to increase the capacity "
        "until the loss can reach its lowest value; the article leaves both out.",
        "'Either your model doesn't have enough learning power, or you have a bug in your code': it may "
        "as well be the learning rate, too few steps, dropout or weight decay left on, moving averages that "
        "lag behind in evaluation mode, or identical images with different labels.",
    ),
    cases=(
        check_case(
            "passes",
            PASSED,
            Plan(Adam(0.01), steps=80),
            refused=(
                {"y": np.full(IMAGES, 10)},
                {"y": np.full(IMAGES, -1)},
                {"y": np.zeros(IMAGES + 1, np.int64)},
                {"plan": Plan(steps=0)},
            ),
        ),
        check_case(
            "dead",
            "no gradient reaches block1.conv, block2.conv, block3.conv and 2 more "
            "(dead: every input of fc3 is 0)",
            SHORT,
            refused=({"changes": {HEAD: "tired"}},),
            changes={"fc2": "dead"},
        ),
        check_case(
            "frozen",
            "no gradient reaches block2.conv (frozen)",
            SHORT,
            refused=({"changes": {"block2": "tired"}},),
            changes={"block2": "frozen"},
        ),
        check_case(
            "softmax_twice",
            "the loss is not the cross entropy of logits: it takes a softmax of what is already one",
            SHORT,
            refused=({"y": np.zeros((2, IMAGES), np.int64)},),
            loss="softmax_twice",
        ),
    ),
)
