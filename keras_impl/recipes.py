"""What trains a user's Keras model, and a few steps of it; `torch_impl/recipes.py` is its mirror."""

from typing import Any

import keras
import numpy as np
from keras import ops

from crosscheck.errors import CrosscheckError
from crosscheck.ports.divergence import in_keras_order
from crosscheck.ports.program import Held
from crosscheck.ports.recipe import ELEMENTWISE, Clipping, Decay, Loss, Recipe, Steps
from keras_impl import adapter
from keras_impl.course import Course, called, undisturbed
from keras_impl.rules import effective, read_rule
from keras_impl.trace import Opened, get_weights, opened

LOSSES = {
    "sparse_categorical_crossentropy": "cross_entropy",
    "categorical_crossentropy": "cross_entropy",
    "binary_crossentropy": "binary_cross_entropy",
    "mean_squared_error": "squared_error",
    "mean_absolute_error": "absolute_error",
    "huber": "huber",
}
# Steps beyond those that are taken, for which the learning rate is asked.
LOOK_AHEAD = 4


def recipe(
    key: str, inputs: list[np.ndarray], target: np.ndarray, held: dict[str, Held], steps: int
) -> Recipe:
    """What the user's optimizer, loss, schedule and clipping do.

    Raises:
        CrosscheckError: there is no optimizer or no loss.
    """
    subject = opened(key)
    optimizer, loss = required(subject)
    variables = {v.path: v for v in subject.model.variables}
    by_name = {name: variables[tensor.name] for name, tensor in held.items()}
    trainable = {v.path for v in subject.model.trainable_variables}
    trained = {name for name, variable in by_name.items() if variable.path in trainable}
    with undisturbed(subject, optimizer):
        rule, unread = read_rule(optimizer)
        rates = _sampled_rates(optimizer, steps + LOOK_AHEAD)
    pull = effective(optimizer.weight_decay) if optimizer.weight_decay else 0.0
    decayed = {n: pull for n, v in by_name.items() if pull and n in trained and _is_decayed(optimizer, v)}
    penalties, lasso = {}, {}
    for name, variable in by_name.items():
        regularizer = getattr(variable, "regularizer", None)
        if regularizer is not None and name in trained:
            # PORT: a penalty of Keras' is l |w|^2, and its gradient 2 l w; PyTorch's weight_decay adds l w.
            stock = type(regularizer).__module__.startswith("keras.")
            rate = 2 * effective(getattr(regularizer, "l2", 0.0)) if stock else 0.0
            penalties |= {name: rate} if rate else {}
            straight = effective(getattr(regularizer, "l1", 0.0)) if stock else 0.0
            lasso |= {name: straight} if straight else {}
            if type(regularizer).__name__ not in ("L1", "L2", "L1L2") or not stock:
                unread.append(f"the regularizer {type(regularizer).__name__}")
    unread += _unread_of_model(subject.model, list(by_name.values()))
    return Recipe(
        _loss(loss),
        rule,
        rates,
        Decay("decoupled", decayed) if decayed or not penalties else Decay("penalty", penalties),
        penalties if decayed else {},
        _clipping(optimizer),
        frozenset(by_name),
        frozenset(trained),
        frozenset(name for name, variable in by_name.items() if variable.path in _still(subject.model)),
        lasso=lasso,
        sparse=frozenset(name for name, v in by_name.items() if v.path in _sparse(subject.model)),
        unread=tuple(dict.fromkeys(unread)),
    )


def train(key: str, inputs: list[np.ndarray], target: np.ndarray, held: dict[str, Held], steps: int) -> Steps:
    """Some steps with the user's own optimizer and loss, in training mode and without dropout.

    Raises:
        CrosscheckError: there is no optimizer or no loss.
    """
    subject = opened(key)
    optimizer, loss = required(subject)
    given = [ops.convert_to_tensor(a.astype(subject.dtype) if a.dtype.kind == "f" else a) for a in inputs]
    output = keras.tree.flatten(called(subject, given, False))
    if len(output) > 1:
        raise CrosscheckError("training steps of models with several outputs are not compared yet")
    wanted = target_for(target, tuple(output[0].shape), loss)
    losses, penalties, weights = [], [], [get_weights(key, held)]
    with undisturbed(subject, optimizer):
        course = Course(subject, given, optimizer, loss)
        for _ in range(steps):
            course.train_on_batch(np.zeros((len(wanted), 1)), wanted)
            losses.append(float(adapter.array(course.held_loss)))
            penalties.append(float(adapter.array(course.held_penalty)))
            weights.append(get_weights(key, held))
    return Steps(tuple(losses), tuple(weights), tuple(penalties))


def missing(key: str) -> str:
    """What there is not and training needs, in words; empty if there is everything."""
    try:
        required(opened(key))
    except CrosscheckError as error:
        return str(error)
    return ""


def required(subject: Opened) -> tuple[keras.Optimizer, Any]:
    """The user's optimizer and loss: returned by the function, or of a compiled model.

    Raises:
        CrosscheckError: there is none.
    """
    for name in ("scheduler", "clip_norm", "clip_value"):
        if getattr(subject.made, name) is not None:
            raise CrosscheckError(
                f"the function returned a {name}, which Keras has in its optimizer: "
                "learning_rate=schedule, global_clipnorm, clipvalue"
            )
    found = {
        name: getattr(subject.made, name) or getattr(subject.model, name, None)
        for name in ("optimizer", "loss")
    }
    for name, value in found.items():
        if value is None:
            raise CrosscheckError(
                f"the function returned no {name}: compile the model, or return (model, optimizer, loss)"
            )
    try:
        return keras.optimizers.get(found["optimizer"]), keras.losses.get(found["loss"])
    except ValueError as error:
        raise CrosscheckError(" ".join(str(error).split())) from None


def _sampled_rates(optimizer: keras.Optimizer, steps: int) -> tuple[float, ...]:
    # Where gradients are accumulated, `iterations` counts updates and is no variable.
    begin, rates = adapter.array(optimizer._iterations), []
    for step in range(steps):
        optimizer._iterations.assign(begin + step)
        rates.append(float(ops.convert_to_numpy(ops.cast(optimizer.learning_rate, "float64"))))
    return tuple(rates)


def _is_decayed(optimizer: keras.Optimizer, variable: keras.Variable) -> bool:
    # As Keras itself asks: its answer is kept, and on TensorFlow a pattern is held against another name.
    asked = variable.value if keras.backend.backend() == "tensorflow" else variable
    return bool(optimizer._use_weight_decay(asked))


def _clipping(optimizer: keras.Optimizer) -> Clipping:
    for kind, name in (
        ("variable_norm", "clipnorm"),
        ("global_norm", "global_clipnorm"),
        ("value", "clipvalue"),
    ):
        limit = getattr(optimizer, name)
        if limit and limit > 0:
            # PORT: Keras divides by the norm itself; PyTorch adds 1e-6 to it.
            return Clipping(kind, float(limit))
    return Clipping()


def _function(loss: Any) -> tuple[str, dict[str, Any]]:
    """The name of the function that a loss calls, and what it is given besides."""
    if isinstance(loss, keras.losses.Loss):
        function = getattr(loss, "fn", None)
        return getattr(function, "__name__", type(loss).__name__), getattr(loss, "_fn_kwargs", {})
    return getattr(loss, "__name__", type(loss).__name__), {}


def _loss(loss: Any) -> Loss:
    name, given = _function(loss)
    kind, takes = LOSSES.get(name), "logits"
    if kind is None or given.get("ignore_class") is not None:
        own = getattr(loss, "fn", loss) if isinstance(loss, keras.losses.Loss) else loss
        module = getattr(own, "__module__", "") or ""
        return Loss(f"?{name}" if module.startswith("keras.") else f"?your own {name}")
    if "entropy" in kind and not given.get("from_logits", False):
        sparse = name.startswith("sparse") and keras.backend.backend() == "tensorflow"
        takes = "clipped_then_normalised" if sparse else "normalised_then_clipped"
        takes = "clipped" if kind == "binary_cross_entropy" else takes
    reduction = getattr(loss, "reduction", "mean")
    if reduction in ("sum", "none", None):
        # PORT: Keras' elementwise losses average over the last axis before they are added up.
        reduction = "sum_of_means" if kind in ELEMENTWISE else "sum"
    else:
        reduction = "mean"
    return Loss(
        kind, reduction, takes, float(given.get("label_smoothing", 0.0)), float(given.get("delta", 1.0))
    )


def _still(model: keras.Layer) -> set[str]:
    # PORT: a frozen batch norm normalises by its moving moments in Keras, in training mode as well.
    norms = [layer for layer in model._flatten_layers() if isinstance(layer, keras.layers.BatchNormalization)]
    return {norm.moving_mean.path for norm in norms if not norm.trainable}


def _sparse(model: keras.Layer) -> set[str]:
    if keras.backend.backend() != "tensorflow":
        return set()
    layers = [layer for layer in model._flatten_layers() if isinstance(layer, keras.layers.Embedding)]
    # The gradient of a regularizer is added to all rows, which makes one of the parts.
    return {layer.embeddings.path for layer in layers if layer.embeddings.regularizer is None}


def target_for(target: np.ndarray, output: tuple[int, ...], loss: Any) -> np.ndarray:
    """As the loss takes it: classes one-hot where it asks for that, channels last."""
    if _function(loss)[0] == "categorical_crossentropy" and target.dtype.kind in "iu":
        return np.eye(output[-1])[target]
    return in_keras_order(target, output) if target.ndim == len(output) else target


def _unread_of_model(model: keras.Layer, variables: list[keras.Variable]) -> list[str]:
    layers = list(model._flatten_layers())
    own = type(model)
    found = (
        ["a train_step of the model's own"]
        if getattr(own, "train_step", None) is not _train_step(own)
        else []
    )
    found += ["constraints on weights"] if any(getattr(v, "constraint", None) for v in variables) else []
    return found + (["activity regularizers"] if any(layer.activity_regularizer for layer in layers) else [])


def _train_step(model: type) -> Any:
    """Keras' own, or None for a layer that is no model."""
    return getattr(keras.Model, "train_step", None) if issubclass(model, keras.Model) else None
