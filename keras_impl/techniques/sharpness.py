"""How sharp a minimum of the loss is, and the loss along the line between two minima.

Source: article 003, arXiv 1609.04836. Contract: crosscheck/specs/sharpness.py
"""

import keras
import numpy as np
from keras import KerasTensor as Tensor
from keras import ops

from crosscheck import layouts
from crosscheck.layouts import Weights
from crosscheck.sharpness import Sharpness, between, flatten, measure, random_directions, trainable, unflatten
from crosscheck.technique import technique
from keras_impl import adapter, losses
from keras_impl.probe import GradientRecorder

CHUNK = 500  # images that go through the model at once


class Objective:
    """The mean loss of a model over some images, and its gradient, at a flat vector of its weights.

    Everything is computed in evaluation mode. Buffers stay as they are given; the trainable weights that
    the model holds afterwards are those of the last call. Use one objective of a net at a time: in Keras'
    process they share the compiled model.

    Args:
        net: technique and case of the model.
        weights: neutral, buffers included.
        x: all images, (B, H, W, C), or rows of features, in the dtype to compute in.
        target: a class or a target for each.
    """

    def __init__(self, net: tuple[str, str], weights: Weights, x: Tensor, target: Tensor):
        case = technique(net[0]).model(net[1])
        self.parameters = trainable(case.parameters)
        self.model = _recorder(net, dtype_of(x))
        adapter.load(self.model.model, case, weights)
        variables = adapter.variables(self.model.model)
        self.variables = {n: variable for n, variable in variables.items() if variable.trainable}
        self.size = len(x)
        x, target = ops.convert_to_numpy(x), ops.convert_to_numpy(target)
        self.chunks = [(x[i : i + CHUNK], target[i : i + CHUNK]) for i in range(0, self.size, CHUNK)]

    def __call__(self, flat: np.ndarray) -> tuple[float, np.ndarray]:
        """The loss and its gradient (n,) at a point.

        Raises:
            ValueError: the point has another size than the model.
        """
        self.put(flat)
        total, gradient = 0.0, np.zeros(len(flat))
        for x, target in self.chunks:
            # PORT: PyTorch adds up gradients in `.grad`; Keras has no way to them that its backends share,
            # except that its training step hands them to the optimizer.
            loss, gradients = self.model.step(x, target)
            share = len(x) / self.size
            total += loss * share
            named = {name: gradients[variable.path] for name, variable in self.variables.items()}
            gradient += share * flatten(layouts.unpack(named, self.parameters, "keras"), self.parameters)
        return total, gradient

    def put(self, flat: np.ndarray) -> None:
        """Make the model hold the weights of a flat vector."""
        # PORT: the vector is in the neutral layout, which is Keras' and not PyTorch's. What PyTorch's own
        # `parameters_to_vector` gives has its kernels transposed.
        packed = layouts.pack(unflatten(flat, self.parameters), self.parameters, "keras")
        for name, variable in self.variables.items():
            variable.assign(packed[name])

    def point(self) -> np.ndarray:
        """The weights that the model holds, as a flat vector."""
        held = {name: adapter.array(variable) for name, variable in self.variables.items()}
        return flatten(layouts.unpack(held, self.parameters, "keras"), self.parameters)

    def forward(self, flat: np.ndarray) -> tuple[float, int]:
        """The loss at a point, and how many images have their class found (0 if there are no classes)."""
        self.put(flat)
        total, hits = 0.0, 0
        for x, target in self.chunks:
            output = np.asarray(self.model.predict_on_batch(x))
            total += float(self.model.loss(target, output)) * (len(x) / self.size)
            if target.ndim == 1:
                hits += int((output.argmax(-1) == target).sum())
        return total, hits


class Recorder(keras.Model):
    """A model whose training step changes nothing and writes down the loss and its gradients."""

    def __init__(self, model: keras.Layer, loss: keras.Loss):
        super().__init__(name="recorder")
        self.model = model
        keep = {"initializer": "zeros", "trainable": False}
        self.held_loss = self.add_weight(shape=(), name="held_loss", **keep)
        # Compiled once, and without XLA where there is another way, since compiling takes it longer.
        compiled = keras.backend.backend() == "jax"
        self.compile(optimizer=GradientRecorder(), loss=loss, jit_compile=compiled)
        self.optimizer.build(self.trainable_variables)  # as in `Probe`

    def call(self, x: Tensor) -> Tensor:
        # PORT: the mode is a state of PyTorch's module and an argument of Keras' call; Keras' training
        # step, which gives the gradients there, would call the model in training mode.
        return self.model(x, training=False)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        loss = super().compute_loss(x, y, y_pred, sample_weight, training)
        self.held_loss.assign(loss)
        return loss

    def step(self, x: np.ndarray, target: np.ndarray) -> tuple[float, dict[str, np.ndarray]]:
        """The mean loss over a batch, and the gradient of each variable by its path."""
        self.train_on_batch(x, target)
        found = zip(self.trainable_variables, self.optimizer.recorded, strict=True)
        return float(self.held_loss), {v.path: adapter.array(gradient) for v, gradient in found}


# The one that was compiled last is kept, since compiling takes longer than most searches.
_kept: dict[tuple[str, str, str], Recorder] = {}


def _recorder(net: tuple[str, str], dtype: str) -> Recorder:
    case, key = technique(net[0]).model(net[1]), (*net, dtype)
    model = adapter.kept(net[0], case, dtype)
    if key not in _kept or _kept[key].model is not model:
        _kept.clear()
        _kept[key] = Recorder(model, losses.loss_function(net[0], case))
    return _kept[key]


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
    x, target = (ops.convert_to_tensor(array) for array in images)
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
    x, target = (ops.convert_to_tensor(array) for array in images)
    parameters = technique(net[0]).model(net[1]).parameters
    first, second = (ops.convert_to_tensor(array) for array in (flatten(end, parameters) for end in ends))
    return line(x, target, net, first, second, ops.convert_to_tensor(alphas))


def dtype_of(x: Tensor) -> str:
    """The name of its dtype."""
    return keras.backend.standardize_dtype(x.dtype)
