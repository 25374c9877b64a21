"""PReLU (article 002): a ReLU whose slope for negative inputs is learned.

f(y) = y where y > 0 and alpha y elsewhere, so that at exactly 0 the gradient is alpha. The paper has
one alpha a channel, or one a layer.
"""

from collections.abc import Mapping

import numpy as np

from crosscheck.layouts import Weights
from crosscheck.parameters import prelu as slopes
from crosscheck.reference.activations import prelu
from crosscheck.specs import cifar_cnn
from crosscheck.technique import Case, Technique

MAPS, UNITS = (3, 4, 5, 6), (4, 7)


def oracle(
    case: Case, weights: Mapping[str, np.ndarray], x: np.ndarray, training: bool
) -> tuple[np.ndarray, Weights]:
    """The layer alone, or the net of article 004 with it."""
    if case.build == "PReLU":
        return prelu(x, weights["alpha"]), {}
    return cifar_cnn.oracle(case, weights, x, training)


def layer_case(name: str, sharing: str, shape: tuple[int, ...], alphas: tuple[int, ...]) -> Case:
    """The layer alone; a tenth of its inputs are exactly 0."""
    in_shape = (shape[-1], *shape[1:-1])
    return Case(
        name=name,
        build="PReLU",
        arguments={"sharing": sharing},
        in_arguments={"in_shape": in_shape},
        input_shape=shape,
        parameters=slopes("", alphas),
        expected_count=int(np.prod(alphas)),
        loss="squared_error",
        trains=False,
        refused_shapes=((*shape[:-1], shape[-1] + 1), shape[:-1], (*shape, 2)),
        zeros=0.1,
    )


TECHNIQUE = Technique(
    name="prelu",
    title="PReLU: a ReLU with a learned slope for negative inputs",
    article="002",
    source="Article 002; K. He et al., Delving Deep into Rectifiers, arXiv 1502.01852, equations 1 to 4",
    formula="y = x where x > 0, alpha x elsewhere; alpha begins at 0.25 and has no weight decay; "
    "dy/dx = 1 where x > 0, alpha elsewhere; dy/dalpha = 0 where x > 0, x elsewhere",
    errata=(
        "'Alpha is a learned array with the same shape as x' is what Keras' layer does by default; in the "
        "paper there is one alpha a channel or one a layer. On the baseline net of article 004 that is "
        "53,312 slopes instead of 224, or of 4.",
        "'Little overfitting risk': the paper expects none since its slopes are so few; that does not hold "
        "for one a pixel.",
    ),
    cases=(
        layer_case("channel", "channel", MAPS, (1, 1, 6)),
        layer_case("layer", "layer", MAPS, (1, 1, 1)),
        layer_case("element", "element", MAPS, MAPS[1:]),
        layer_case("units", "channel", UNITS, UNITS[1:]),
        cifar_cnn.net_case("baseline_channel", 122_794, activation="prelu_channel"),
        cifar_cnn.net_case("baseline_layer", 122_574, activation="prelu_layer"),
        cifar_cnn.net_case("baseline_element", 175_882, activation="prelu_element"),
        cifar_cnn.net_case("small", 1_531, hidden=(13,), activation="prelu_channel", small=True),
    ),
    oracle=oracle,
)
