"""A Keras model's weights, by its own names, in and out of files; `torch_impl/weights.py` is its mirror."""

import shutil
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import keras
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from crosscheck.errors import CrosscheckError, WeightsError
from crosscheck.layouts import Weights
from crosscheck.ports.program import Held
from keras_impl import adapter, trace

WRITTEN = "written"


def load(key: str, file: str) -> None:
    """Put a file's weights into the model.

    Raises:
        CrosscheckError: the file cannot be read, or does not fit.
    """
    model = trace.opened(key).model
    if not Path(file).is_file():
        raise CrosscheckError(f"{file}: there is no such file")
    if file.endswith(".safetensors"):
        try:
            found = load_file(file)
        except (SafetensorError, OSError, TypeError, KeyError) as error:
            raise CrosscheckError(f"{file}: cannot be read: {error}") from None
        _require_fit(file, found, _weights(model))
        restore(key, found)
        return
    try:
        keras.saving.load_weights(model, file)
    except Exception as error:  # what is wrong with a file is said by h5py, zipfile and Keras in many ways
        said = " ".join(str(error).split())[:400]
        raise CrosscheckError(f"{file} cannot be read, or does not fit the model: {said}") from None


def state(key: str) -> Weights:
    """Everything that the model holds and a file would, by its own names.

    Raises:
        CrosscheckError: two tensors have the same name.
    """
    return {path: adapter.array(v) for path, v in _weights(trace.opened(key).model).items()}


def restore(key: str, arrays: Weights) -> None:
    """Put in what `state` gave."""
    own = _weights(trace.opened(key).model)
    for path, array in arrays.items():
        own[path].assign(array)


def put(key: str, wanted: dict[str, Held], given: Weights) -> None:
    """Put neutral weights into the model."""
    trace.set_weights(key, wanted, given)


def tied(key: str) -> dict[str, str]:
    """Names of tensors that are another one: none, since a variable has one path."""
    del key
    return {}


def write(
    source: str,
    inputs: list[np.ndarray],
    names: tuple[str, ...],
    arrays: Weights,
    dtype: str,
    suffix: str,
    file: str,
) -> None:
    """Build the model anew, in the dtype that is wanted, and have Keras save it; what it saved is read again.

    The model that was watched is not saved: its dtype is another, and watching leaves traces in its layers.

    Args:
        source: "file.py:function".
        inputs: of the model.
        names: what PyTorch's model calls them.
        arrays: by path.
        dtype: of the file.
        suffix: ".weights.h5" or ".keras".
        file: where it is written, whatever that is called.

    Raises:
        CrosscheckError: Keras cannot save this model, or does not save all of it.
    """
    before = keras.config.floatx()
    try:
        model = _built(source, inputs, names, dtype)
        own = _weights(model)
        _require_fit("what was converted", arrays, own)
        for path, array in arrays.items():
            own[path].assign(array)
        with TemporaryDirectory(prefix="crosscheck-") as folder:
            saved = str(Path(folder) / f"model{suffix}")
            try:
                (keras.saving.save_model if suffix == ".keras" else keras.saving.save_weights)(model, saved)
                for variable in own.values():
                    variable.assign(np.zeros(variable.shape, variable.dtype))
                keras.saving.load_weights(model, saved)
            except Exception as error:  # a user's own layers may raise whatever they like
                said = " ".join(str(error).split())[:400]
                raise CrosscheckError(f"Keras cannot save this model as {suffix}: {said}") from None
            lost = [path for path, v in own.items() if not np.array_equal(adapter.array(v), arrays[path])]
            if lost:
                raise CrosscheckError(
                    f"Keras does not save all of this model as {suffix}: changed: {', '.join(lost)}"
                )
            shutil.copyfile(saved, file)
    finally:
        trace._open.pop(WRITTEN, None)
        adapter.use_precision(before)


def _built(source: str, inputs: list[np.ndarray], names: tuple[str, ...], dtype: str) -> keras.Model:
    trace.open_model(WRITTEN, source, dtype, as_asked=True)
    trace.name_inputs(WRITTEN, names)
    subject = trace.opened(WRITTEN)
    if not subject.model.built:
        try:  # for a batch of any size, if the model's code can do that
            subject.model(*subject.arranged(_symbolic(inputs, dtype, None)))
        except Exception:
            trace.open_model(WRITTEN, source, dtype, as_asked=True)
            trace.name_inputs(WRITTEN, names)
            subject = trace.opened(WRITTEN)
            subject.model(*subject.arranged(_symbolic(inputs, dtype, len(inputs[0]))))
    return subject.model


def _symbolic(inputs: list[np.ndarray], dtype: str, batch: int | None) -> list[keras.KerasTensor]:
    return [
        keras.KerasTensor((batch, *a.shape[1:]), dtype if a.dtype.kind == "f" else str(a.dtype))
        for a in inputs
    ]


def _weights(model: keras.Layer) -> dict[str, keras.Variable]:
    twice = [path for path, count in Counter(v.path for v in model.weights).items() if count > 1]
    if twice:
        raise CrosscheckError(
            f"several tensors are called {', '.join(twice)}: give the layers names of their own"
        )
    return {variable.path: variable for variable in model.weights}


def _require_fit(what: str, arrays: Weights, own: dict[str, keras.Variable]) -> None:
    problems = [f"{path} is missing" for path in own if path not in arrays]
    problems += [f"{path} is left over" for path in arrays if path not in own]
    problems += [
        f"{path} has shape {array.shape}, expected {tuple(own[path].shape)}"
        for path, array in arrays.items()
        if path in own and array.shape != tuple(own[path].shape)
    ]
    if problems:
        raise WeightsError(f"{what} does not fit the model: {'; '.join(problems)}")
