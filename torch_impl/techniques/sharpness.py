"""How sharp a minimum of the loss is, and the loss along the line between two minima.

Source: article 003, arXiv 1609.04836. Contract: crosscheck/specs/sharpness.py
"""

import numpy as np
import torch
from torch import Tensor

from crosscheck import layouts
from crosscheck.layouts import Weights
from crosscheck.sharpness import Sharpness, between, flatten, measure, random_directions, trainable, unflatten
from crosscheck.technique import technique
from torch_impl import adapter, losses

CHUNK = 500  # images that go through the model at once


class Objective:
    """The mean loss of a model over some images, and its gradient, at a flat vector of its weights.

    Everything is computed in evaluation mode. Buffers stay as they are given; the trainable weights that
    the model holds afterwards are those of the last call. Use one objective of a net at a time: in Keras'
    process they share the compiled model.

    Args:
        net: technique and case of the model.
        weights: neutral, buffers included.
        x: all images, (B, C, H, W), or rows of features, in the dtype to compute in.
        target: a class or a target for each.
    """

    def __init__(self, net: tuple[str, str], weights: Weights, x: Tensor, target: Tensor):
        case = technique(net[0]).model(net[1])
        self.parameters = trainable(case.parameters)
        self.loss = losses.loss_function(net[0], case)
        # PORT: the mode is a state of PyTorch's module and an argument of Keras' call; Keras' training
        # step, which gives the gradients there, would call the model in training mode.
        self.model = adapter.model_with(*net, dtype_of(x), weights)
        self.size = len(x)
        self.chunks = list(zip(x.split(CHUNK), target.split(CHUNK), strict=True))

    def __call__(self, flat: np.ndarray) -> tuple[float, np.ndarray]:
        """The loss and its gradient (n,) at a point.

        Raises:
            ValueError: the point has another size than the model.
        """
        self.put(flat)
        self.model.zero_grad()
        total = 0.0
        for x, target in self.chunks:
            loss = self.loss(self.model(x), target) * (len(x) / self.size)
            # PORT: PyTorch adds up gradients in `.grad`; Keras has no way to them that its backends share,
            # except that its training step hands them to the optimizer.
            loss.backward()
            total += loss.item()
        gradients = {name: adapter.fetched(p.grad) for name, p in self.model.named_parameters()}
        return total, flatten(layouts.unpack(gradients, self.parameters, "torch"), self.parameters)

    def put(self, flat: np.ndarray) -> None:
        """Make the model hold the weights of a flat vector."""
        # PORT: the vector is in the neutral layout, which is Keras' and not PyTorch's. What PyTorch's own
        # `parameters_to_vector` gives has its kernels transposed.
        packed = layouts.pack(unflatten(flat, self.parameters), self.parameters, "torch")
        with torch.no_grad():
            for name, parameter in self.model.named_parameters():
                parameter.copy_(adapter.placed(packed[name]))

    def point(self) -> np.ndarray:
        """The weights that the model holds, as a flat vector."""
        held = {name: adapter.fetched(p) for name, p in self.model.named_parameters()}
        return flatten(layouts.unpack(held, self.parameters, "torch"), self.parameters)

    def forward(self, flat: np.ndarray) -> tuple[float, int]:
        """The loss at a point, and how many images have their class found (0 if there are no classes)."""
        self.put(flat)
        total, hits = 0.0, 0
        with torch.no_grad():
            for x, target in self.chunks:
                output = self.model(x)
                total += self.loss(output, target).item() * (len(x) / self.size)
                if target.ndim == 1:
                    hits += int((output.argmax(-1) == target).sum())
        return total, hits


def unpacked(net: tuple[str, str], state: Tensor) -> Weights:
    """Neutral weights from a vector of all tensors of a net, buffers included.

    Raises:
        ValueError: the vector has another size than the net.
    """
    return unflatten(adapter.array(state), technique(net[0]).model(net[1]).parameters)


def loss_and_gradient(
    x: Tensor, target: Tensor, net: tuple[str, str], state: Tensor
) -> dict[str, np.ndarray]:
    """The mean loss and its gradient (n,) at the weights of `state`; arguments as for `sharpness`."""
    objective = Objective(net, unpacked(net, state), x, target)
    loss, gradient = objective(objective.point())
    return {"loss": np.array(loss, dtype_of(x)), "gradient": gradient.astype(dtype_of(x))}


def sharpness(
    x: Tensor,
    target: Tensor,
    net: tuple[str, str],
    state: Tensor,
    epsilon: float,
    subspace: tuple[int, int] | None = None,
) -> dict[str, np.ndarray]:
    """The sharpness of the loss, in percent, at the weights of `state`.

    Args:
        x: see `Objective`, as for `target` and `net`.
        state: all tensors of the net as one vector, buffers included.
        epsilon: half the relative size of the box that is searched.
        subspace: dimension and seed of the random subspace that is searched; all of the space if there
            is none.

    Raises:
        ValueError: epsilon is not above 0, there is no such subspace, or the state has another size.
    """
    found = search(Objective(net, unpacked(net, state), x, target), epsilon, subspace)
    figures = {"sharpness": found.percent, "loss": found.loss, "highest": found.highest}
    return {name: np.array(figure, dtype_of(x)) for name, figure in figures.items()}


def search(objective: Objective, epsilon: float, subspace: tuple[int, int] | None) -> Sharpness:
    """`sharpness` at the weights that the model of an objective holds, and holds again afterwards."""
    point = objective.point()
    directions = random_directions(len(point), *subspace) if subspace else None
    found = measure(objective, point, epsilon, directions)
    objective.put(point)
    return found


def line(
    x: Tensor, target: Tensor, net: tuple[str, str], first: Tensor, second: Tensor, alphas: Tensor
) -> dict[str, np.ndarray]:
    """Loss and hits at alpha first + (1 - alpha) second for each alpha; arguments as for `sharpness`.

    The line is one of trainable weights. Buffers are those of `second`: the statistics of a batch norm
    would have to be estimated anew at each point.
    """
    objective = Objective(net, unpacked(net, second), x, target)
    ends = flatten(unpacked(net, first), objective.parameters), objective.point()
    along = [objective.forward(between(*ends, float(alpha))) for alpha in adapter.array(alphas)]
    found, hits = zip(*along, strict=True)
    return {"loss": np.array(found, dtype_of(x)), "hits": np.array(hits)}


def landscape(
    net: tuple[str, str],
    minima: list[Weights],
    images: tuple[np.ndarray, np.ndarray],
    boxes: list[tuple[float, tuple[int, int] | None]],
) -> list[list[Sharpness]]:
    """The sharpness of each of some minima (neutral weights) in each box (epsilon, subspace), in float64."""
    x, target = (adapter.tensor(array) for array in images)
    found = []
    for weights in minima:
        objective = Objective(net, weights, x, target)
        found.append([search(objective, *searched) for searched in boxes])
    return found


def course(
    net: tuple[str, str],
    ends: tuple[Weights, Weights],
    images: tuple[np.ndarray, np.ndarray],
    alphas: np.ndarray,
) -> dict[str, np.ndarray]:
    """`line` between two minima (neutral weights), in float64."""
    x, target = (adapter.tensor(array) for array in images)
    parameters = technique(net[0]).model(net[1]).parameters
    first, second = (adapter.tensor(array) for array in (flatten(end, parameters) for end in ends))
    return line(x, target, net, first, second, adapter.tensor(alphas))


def dtype_of(x: Tensor) -> str:
    """The name of its dtype."""
    return str(x.dtype).removeprefix("torch.")
