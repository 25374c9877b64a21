"""Between Keras' models and the neutral package; Keras is channels-last, so nothing is permuted.

Every function takes and returns numpy arrays in the neutral layout and is called in Keras' own
process. `torch_impl/adapter.py` is its mirror. Runs on any backend: none is imported here, but for
what Keras has no name for.
"""

import importlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import keras
import numpy as np
from keras import ops

from crosscheck import checkpoint, layouts
from crosscheck.environment import recorded_environment
from crosscheck.errors import CrosscheckError
from crosscheck.layouts import Weights
from crosscheck.modes import stored
from crosscheck.technique import Case, technique
from keras_impl import implementation, losses, replicas
from keras_impl.probe import Probe

_mode = ""


def configure(device: str, mode: str = "") -> None:
    """Check the device and choose the mode; exact arithmetic and determinism are set by the environment,
    but for the torch backend's.

    Args:
        device: "cpu" or "cuda".
        mode: one of `modes.MODES`; "" is what suits the work.
    """
    global _mode
    if device == "cuda" and not {"cuda", "gpu"} & set(re.split(r"\W+|_", placement().lower())):
        raise CrosscheckError(
            f"Keras' {keras.backend.backend()} backend sees no CUDA device; use --device cpu"
        )
    if keras.backend.backend() == "torch":
        importlib.import_module("torch").use_deterministic_algorithms(True, warn_only=True)
    _mode = mode


def executed(default: str) -> dict[str, bool]:
    """The arguments of Keras' `compile` for the mode asked for, or else for this one."""
    # PORT: PyTorch's modes wrap a model; Keras' are arguments of `compile`.
    chosen = _mode or default
    return {"jit_compile": chosen == "xla", "run_eagerly": chosen == "eager"}


def placement() -> str:
    """The device that the backend puts a tensor on, in its own words."""
    return str(ops.zeros(1).device)


def settings() -> dict[str, str | int | bool]:
    """What a result may depend on: what was asked for by the environment, and what Keras says."""
    return {
        **recorded_environment(),
        "device": placement(),
        "mode": _mode,
        "backend": keras.backend.backend(),
        "image_data_format": keras.config.image_data_format(),
    }


def array(value: keras.KerasTensor) -> np.ndarray:
    """A tensor or variable as a neutral array."""
    # A copy: jax may share memory with a numpy array.
    return np.array(ops.convert_to_numpy(value), order="C", copy=True)


def use_precision(dtype: str) -> None:
    """What is made from now on is of this dtype: variables, records and optimizer states alike."""
    # PORT: mixed precision is a context around PyTorch's calls and a policy of Keras' layers.
    keras.config.set_floatx(stored(dtype))
    keras.config.set_dtype_policy(dtype)


def build(technique_name: str, case: Case, dtype: str) -> keras.Layer:
    """The case's model, with Keras' own initial weights."""
    # A global floatx does not reach what already exists, so each build starts from a clean session.
    keras.utils.clear_session(free_memory=False)  # names only; collecting garbage takes longer than building
    use_precision(dtype)
    with replicas.scope():  # here, since a cleared session forgets its scope
        # PORT: PyTorch is told the sizes of its inputs; Keras infers them when it is first called.
        model = model_class(technique_name, case)(**case.arguments)
        model(keras.KerasTensor(case.input_shape, stored(dtype)))
    return model


# Building takes Keras longer than most checks; the one that was built last is kept for them.
_kept: dict[tuple[str, str, str], keras.Layer] = {}


def kept(technique_name: str, case: Case, dtype: str) -> keras.Layer:
    """The case's model with any weights: for those who load their own, and leave its layers as they are."""
    key = (technique_name, case.name, dtype)
    use_precision(dtype)  # something of another precision may have been built since
    if key not in _kept:
        _kept.clear()
        with nothing_drawn():
            _kept[key] = build(technique_name, case, dtype)
    return _kept[key]


@contextmanager
def nothing_drawn() -> Iterator[None]:
    """Within the block new kernels are zeros: JAX takes a second to compile random numbers of each shape."""
    drawing = keras.initializers.VarianceScaling
    own, drawing.__call__ = drawing.__call__, lambda self, shape, dtype=None: np.zeros(shape, dtype)
    try:
        yield
    finally:
        drawing.__call__ = own


def forget() -> None:
    """Keep no model any longer: its implementation is about to change."""
    _kept.clear()


def model_class(technique_name: str, case: Case) -> type:
    """The class that builds the case's model: of its technique, or "technique:class" of another."""
    other, _, name = case.build.rpartition(":")
    return getattr(implementation(other or technique_name), name)


def variables(model: keras.Layer) -> dict[str, keras.Variable]:
    """The model's parameters and buffers by path, without the model's own name."""
    return {variable.path.partition("/")[2]: variable for variable in model.variables}


def load(model: keras.Layer, case: Case, weights: Weights) -> None:
    """Put neutral weights into the model; every tensor must fit.

    Raises:
        WeightsError: a tensor is missing, left over or misshapen on either side.
    """
    dump(model, case)  # the model itself must hold what the contract says
    packed = layouts.pack(weights, case.parameters, "keras")
    for name, variable in variables(model).items():
        variable.assign(packed[name])


def dump(model: keras.Layer, case: Case) -> Weights:
    """The model's parameters and buffers as neutral weights.

    Raises:
        WeightsError: the model does not hold what the contract says.
    """
    state = {name: array(variable) for name, variable in variables(model).items()}
    return layouts.unpack(state, case.parameters, "keras")


def by_decay(model: keras.Layer, case: Case) -> tuple[list[keras.Variable], list[keras.Variable]]:
    """The trainable parameters that weight decay applies to, and the others."""
    named = variables(model)
    kinds = {layouts.side_name(n, p.kind, "keras"): p for n, p in case.parameters.items() if p.trainable}
    decayed = [named[name] for name, parameter in kinds.items() if parameter.decayed]
    return decayed, [named[name] for name, parameter in kinds.items() if not parameter.decayed]


def trainable_count(technique_name: str, case_name: str, dtype: str) -> int:
    """Trainable parameters, as Keras itself counts them."""
    model = kept(technique_name, technique(technique_name).model(case_name), dtype)
    # PORT: Keras' `count_params` counts moving statistics too; PyTorch's buffers are no parameters.
    return sum(int(np.prod(variable.shape)) for variable in model.trainable_variables)


def evaluate(
    technique_name: str,
    case_name: str,
    dtype: str,
    points: Sequence[tuple[Weights, np.ndarray]],
    target: np.ndarray,
) -> list[dict[str, np.ndarray]]:
    """Run the model forward and backward at each point (weights, input).

    Returns:
        for each point: "output" (evaluation mode); "output/training", "loss", "input_gradient" and
        "gradient/<parameter>" (training mode); "buffer/<name>" after that one pass.
    """
    case = technique(technique_name).model(case_name)
    model = kept(technique_name, case, dtype)
    shape = points[0][1].shape
    output = model(keras.KerasTensor(shape, stored(dtype)))
    loss = losses.loss_function(technique_name, case)
    probe = Probe(model, shape, output.shape, loss, executed(_mode) if _mode else None)
    return [_evaluate(model, probe, case, weights, x, target) for weights, x in points]


def _evaluate(
    model: keras.Layer, probe: Probe, case: Case, weights: Weights, x: np.ndarray, target: np.ndarray
) -> dict[str, np.ndarray]:
    load(model, case, weights)
    # PORT: training is a state of PyTorch's module and an argument of Keras' call.
    output = probe.outputs_for(x)
    probe.run(x, target)
    names = {variable.path: name for name, variable in variables(model).items()}
    gradients = {names[path]: array(value) for path, value in probe.gradients().items()}
    trainable = {name: p for name, p in case.parameters.items() if p.trainable}
    results = {
        "output": output,
        "output/training": array(probe.held_output),
        "loss": array(probe.held_loss),
        "input_gradient": array(probe.input_gradient()),
    }
    for name, value in layouts.unpack(gradients, trainable, "keras").items():
        results[f"gradient/{name}"] = value
    for name, value in dump(model, case).items():
        if name not in trainable:
            results[f"buffer/{name}"] = value
    return results


def round_trip(technique_name: str, case_name: str, dtype: str, weights: Weights) -> Weights:
    """Neutral weights into the model and out again."""
    case = technique(technique_name).model(case_name)
    model = kept(technique_name, case, dtype)
    load(model, case, weights)
    return dump(model, case)


def save(technique_name: str, case_name: str, dtype: str, weights: Weights, path: Path) -> None:
    """Neutral weights into the model, and from the model into a file."""
    checkpoint.save(path, round_trip(technique_name, case_name, dtype, weights), {"side": "keras"})


def read(technique_name: str, case_name: str, dtype: str, path: Path) -> Weights:
    """A file into the model, and out of it again."""
    return round_trip(technique_name, case_name, dtype, checkpoint.read(path).arrays)


def refusals(technique_name: str, case_name: str, dtype: str, shapes: Sequence[tuple[int, ...]]) -> list[str]:
    """For each input shape the name of the exception the model raises, or "" if it takes it."""
    case = technique(technique_name).model(case_name)
    model = kept(technique_name, case, dtype)
    return [_refusal(model, np.zeros(shape, dtype)) for shape in shapes]


def _refusal(model: keras.Layer, x: np.ndarray) -> str:
    try:
        model(ops.convert_to_tensor(x))
    except (ValueError, RuntimeError) as error:
        return type(error).__name__
    return ""


def model_with(technique_name: str, case_name: str, dtype: str, weights: Weights) -> keras.Layer:
    """A case's model, holding neutral weights."""
    case = technique(technique_name).model(case_name)
    model = build(technique_name, case, dtype)
    load(model, case, {name: value.astype(dtype) for name, value in weights.items()})
    return model
