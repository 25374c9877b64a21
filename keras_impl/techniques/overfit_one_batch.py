"""Overfitting one batch: a check of any model, its loss and its training.

Source: article 003, A. Karpathy's recipe. Contract: crosscheck/specs/overfit_one_batch.py
What is measured here is judged in crosscheck/overfitting.py.
"""

from collections.abc import Callable, Mapping

import keras
import numpy as np
from keras import KerasTensor as Tensor
from keras import ops

from crosscheck.overfitting import Measured, Plan, Report, judge, probe
from crosscheck.parameters import initial_weights
from crosscheck.technique import technique
from keras_impl import adapter, training
from keras_impl.losses import OwnLoss
from keras_impl.probe import Probe

Loss = Callable[[Tensor, Tensor], Tensor]

KINDS = ("calm", "dead", "frozen", "softmax")
STEPS_AT_ONCE = 50


def overfit(model: keras.Layer, loss: Loss, x: Tensor, y: Tensor, plan: Plan) -> Report:
    """Train the model, in place, on one small batch until it knows it by heart, and judge how it went.

    Args:
        model: a classifier; from x to logits (B, K).
        loss: of (output, labels), averaged over the batch.
        x: the batch (B, ...), as the model takes it.
        y: labels (B,), or (steps, B) if those of a pipeline are to be checked that gives them anew.
        plan: optimizer, steps and target.

    Raises:
        ValueError: x and y do not fit each other, or the model or the plan.
    """
    require_batch(x, y, plan.steps)
    labels = adapter.array(y)
    labels = labels if labels.ndim == 2 else np.tile(labels, (plan.steps, 1))
    frozen, silent, outputs = look(model, x)
    require_logits(outputs, labels)
    outputs, first, repeated, gradients = first_passes(model, loss, x, labels[0])
    known, classes = (ops.convert_to_tensor(array) for array in probe(outputs.shape[1]))
    probe_loss = float(loss(ops.cast(known, x.dtype), classes))
    before = trained_values(model)
    losses, hits = learn(model, loss, x, labels, plan)
    after = trained_values(model)
    final = model(x, training=False)
    return judge(
        Measured(
            x=adapter.array(x),
            labels=labels,
            probe_loss=probe_loss,
            outputs=outputs,
            initial_loss=first,
            repeated_loss=repeated,
            gradients=gradients,
            frozen=frozen,
            silent=silent,
            losses=losses,
            hits=hits,
            moved=float(np.linalg.norm(after - before) / np.linalg.norm(before)),
            evaluation_hits=int((adapter.array(final).argmax(axis=1) == labels[0]).sum()),
        ),
        plan,
    )


def first_passes(
    model: keras.Layer, loss: Loss, x: Tensor, labels: np.ndarray
) -> tuple[np.ndarray, float, float, dict[str, float]]:
    """Two passes in training mode: outputs and loss, the loss again, and the largest gradients."""
    # PORT: PyTorch leaves gradients in the parameters, so that one `backward` is all it takes. Keras hands
    # them to the optimizer only, whatever the backend: the probe is one that writes them down.
    look_through = Probe(model, x.shape, model(x, training=False).shape, OwnLoss(loss))
    losses = []
    for _ in range(2):
        look_through.run(adapter.array(x), labels)
        losses.append(float(look_through.held_loss))
    gradients = {
        _path(model, path): float(np.abs(adapter.array(gradient)).max())
        for path, gradient in look_through.gradients().items()
    }
    return adapter.array(look_through.held_output), *losses, gradients


def _path(model: keras.Layer, path: str) -> str:
    """The path of a parameter or layer below the model, such as "block1.conv"."""
    return path.removeprefix(model.name).removeprefix("/").replace("/", ".")


def look(model: keras.Layer, x: Tensor) -> tuple[tuple[str, ...], tuple[str, ...], np.ndarray]:
    """The layers that are frozen, those whose every input is 0, and the outputs; in evaluation mode."""
    frozen, silent = [], []
    call = keras.Layer.__call__

    def heard(layer: keras.Layer, *inputs, **named):
        if any(weight.path.rpartition("/")[0] == layer.path for weight in layer.weights):
            path = _path(model, layer.path)
            if is_frozen(layer):
                frozen.append(path)
            given = next((a for a in (*inputs, *named.values()) if ops.is_tensor(a)), None)
            if given is not None and not ops.any(given != 0):
                silent.append(path)
        return call(layer, *inputs, **named)

    # PORT: PyTorch's modules take hooks; in Keras the call of all layers is replaced for the while.
    keras.Layer.__call__ = heard
    try:
        outputs = model(x, training=False)
    finally:
        keras.Layer.__call__ = call
    return tuple(frozen), tuple(silent), adapter.array(outputs)


def is_frozen(layer: keras.Layer) -> bool:
    """Whether parameters of the layer itself are not trained."""
    # PORT: what is frozen is a parameter's `requires_grad` in PyTorch and a layer's `trainable` in Keras.
    return not layer.trainable


def trained_values(model: keras.Layer) -> np.ndarray:
    """Everything that is trained, as one vector."""
    return np.concatenate([adapter.array(variable).ravel() for variable in model.trainable_variables])


def learn(
    model: keras.Layer, loss: Loss, x: Tensor, labels: np.ndarray, plan: Plan
) -> tuple[np.ndarray, np.ndarray]:
    """Train on the batch with the labels of every step (steps, B); loss and hits of every step."""
    stepper = training.Stepper(model, plan.steps)
    compiled = keras.backend.backend() != "torch"  # that backend runs step by step
    stepper.compile(
        optimizer=training.make_optimizer(plan.optimizer, model.trainable_variables, []),
        loss=OwnLoss(loss),
        steps_per_execution=min(STEPS_AT_ONCE, plan.steps) if compiled else 1,
        # Compiling with XLA takes longer than a short run without; jax has nothing else.
        jit_compile=keras.backend.backend() == "jax",
    )
    images = adapter.array(x)
    for start in range(0, plan.steps, STEPS_AT_ONCE):
        part = labels[start : start + STEPS_AT_ONCE]
        rows = np.tile(images, (len(part), *[1] * (images.ndim - 1)))
        stepper.fit(rows, part.ravel(), batch_size=len(images), shuffle=False, verbose=0)
    return adapter.array(stepper.loss_record), adapter.array(stepper.hit_record)


def cross_entropy(output: Tensor, labels: Tensor) -> Tensor:
    """The loss that the check is for; of logits."""
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)(labels, output)


def softmax(x: Tensor) -> Tensor:
    """Over the classes, (B, K)."""
    # PORT: PyTorch and Keras on jax take the softmax of a softmax without a word. On TensorFlow Keras knows
    # its own softmax again, warns, and takes the logits before it, so that the same mistake trains well
    # there and badly elsewhere. The product hides the softmax from it.
    return ops.softmax(x, axis=1) * 1.0


def softmax_twice(output: Tensor, labels: Tensor) -> Tensor:
    """A mistake: a softmax before the one of the loss."""
    return cross_entropy(softmax(output), labels)


def squared_error_loss(output: Tensor, labels: Tensor) -> Tensor:
    """A mistake: the squared error of logits."""
    target = ops.one_hot(ops.cast(labels, "int32"), output.shape[1], dtype=output.dtype)
    return ops.sum(ops.square(output - target)) / ops.cast(ops.size(output), output.dtype)


def sabotage(model: keras.Model, changes: Mapping[str, str]) -> None:
    """Break layers, {name: kind}: "dead", "frozen", a "softmax" behind it; "calm" breaks nothing.

    Raises:
        ValueError: there is no such layer or kind; the model is as it was.
    """
    layers = {layer.name: layer for layer in model.layers}
    for name, kind in changes.items():
        if name not in layers or kind not in KINDS:
            raise ValueError(f"a layer can be {', '.join(KINDS)}; not {name!r} {kind!r}")
    for name, kind in changes.items():
        layer = layers[name]
        match kind:
            case "calm":  # as the recipe has it, so that the initial loss is -log(1/K)
                layer.kernel.assign(layer.kernel * 2.0**-6)
                layer.bias.assign(layer.bias * 2.0**-6)
            case "dead":
                layer.bias.assign(layer.bias - 1000.0)
            case "frozen":
                layer.trainable = False
            case "softmax":
                layer.activation = softmax


def check(
    model: keras.Model, x: Tensor, y: Tensor, loss: str, changes: dict[str, str], plan: Plan
) -> dict[str, np.ndarray | str | int]:
    """`overfit` with a loss by name and a model with some layers changed, {layer: kind}.

    Raises:
        ValueError: as `overfit` and `sabotage`; the model is as it was.
    """
    require_batch(x, y, plan.steps)
    require_logits(look(model, x)[2], adapter.array(y))
    sabotage(model, changes)
    report = overfit(model, LOSSES[loss], x, y, plan)
    found = report.measured
    return {
        "verdict": report.verdict,
        "hits": int(found.hits[-1]),
        "initial_loss": found.losses[0],
        "losses": found.losses,
    }


def overfit_case(
    names: tuple[str, str],
    batch: tuple[np.ndarray, np.ndarray],
    plan: Plan,
    seed: int = 0,
    loss: str = "cross_entropy",
    changes: dict[str, str] | None = None,
) -> Report:
    """`overfit` of a technique's case, (technique, case), from the initial weights of a seed, in float32.

    Args:
        names: technique and case.
        batch: images (neutral, float32) and labels.
        plan: how the batch is learned.
        seed: of the initial weights.
        loss: by name.
        changes: what is wrong with which layer, as for `sabotage`.
    """
    case = technique(names[0]).model(names[1])
    model = adapter.model_with(*names, "float32", initial_weights(dict(case.parameters), seed))
    sabotage(model, changes or {})
    x, y = (ops.convert_to_tensor(array) for array in batch)
    return overfit(model, LOSSES[loss], x, y, plan)


def require_batch(x: Tensor, y: Tensor, steps: int) -> None:
    """Refuse what is no batch with its labels."""
    if steps < 1:
        raise ValueError(f"it takes a step at least, not {steps}")
    shape = tuple(y.shape)
    if len(shape) not in (1, 2) or shape[-1] != x.shape[0] or (len(shape) == 2 and shape[0] != steps):
        raise ValueError(f"expected labels ({x.shape[0]},) or ({steps}, {x.shape[0]}), got {shape}")


def require_logits(outputs: np.ndarray, labels: np.ndarray) -> None:
    """Refuse a model that is no classifier of these labels."""
    if outputs.ndim != 2 or int(labels.min()) < 0 or int(labels.max()) >= outputs.shape[1]:
        raise ValueError(f"the labels are no classes of an output of shape {outputs.shape}")


LOSSES: dict[str, Loss] = {
    "cross_entropy": cross_entropy,
    "softmax_twice": softmax_twice,
    "squared_error": squared_error_loss,
}
