"""Files of weights for the tests: written and read as a user does it, in the frameworks' own processes."""

import copy
from pathlib import Path

import numpy as np

from crosscheck.ports import factory, inputs
from crosscheck.ports.comparison import KEY, Ports
from crosscheck.sides import Sides
from parity_tests.corpus.entries import Pair


def with_drawn_weights(sides: Sides, what: Pair, file: Path) -> None:
    """A PyTorch file with weights as after training, as `compare` draws them."""
    Ports(sides, what.torch, what.keras, inputs.read(what.inputs))
    sides.torch.call("torch_impl.weights:write", KEY, str(file), "float32")


def of_torch(file: str) -> dict[str, np.ndarray]:
    """A state dict's arrays."""
    import torch

    return {name: tensor.numpy() for name, tensor in torch.load(file, weights_only=True).items()}


def shared(file: str, first: str, second: str) -> bool:
    """Whether two tensors of a state dict are one."""
    import torch

    found = torch.load(file, weights_only=True)
    return found[first].data_ptr() == found[second].data_ptr()


def broken(source: str, how: str, file: str) -> None:
    """A file that does not fit a PyTorch model."""
    import torch
    from safetensors.torch import save_file

    state = dict(factory.make(source).model.state_dict())
    if how == "no file at all":
        Path(file).write_text("no weights")
        return
    if how == "missing":
        del state["fc2.bias"]
    elif how == "left over":
        state["fc3.bias"] = torch.zeros(3)
    elif how == "misshapen":
        state["fc2.bias"] = torch.zeros(6)
    else:
        state = {"what": torch.zeros(2)} if file.endswith(".safetensors") else factory.make(source).model
    (save_file if file.endswith(".safetensors") else torch.save)(copy.copy(state), file)


def torch_output(source: str, file: str, arrays: list[np.ndarray]) -> np.ndarray:
    """What a model of the user's gives with a file's weights, in float32."""
    import torch

    model = factory.make(source).model.float().eval()
    model.load_state_dict(torch.load(file, weights_only=True))
    given = [torch.from_numpy(a.astype(np.float32) if a.dtype.kind == "f" else a) for a in arrays]
    with torch.no_grad():
        return model(*given).numpy()


def keras_output(source: str, file: str, arrays: list[np.ndarray]) -> np.ndarray:
    """The same of a Keras model."""
    import keras

    from keras_impl import adapter

    keras.utils.clear_session(free_memory=False)
    before = keras.config.floatx()
    adapter.use_precision("float32")
    try:
        model = factory.make(source).model
        given = [a.astype(np.float32) if a.dtype.kind == "f" else a for a in arrays]
        model(*given)
        if file.endswith(".safetensors"):
            from safetensors.numpy import load_file

            found = load_file(file)
            for variable in model.weights:
                variable.assign(found[variable.path])
        else:
            model.load_weights(file)
        return np.array(keras.ops.convert_to_numpy(model(*given)))
    finally:
        adapter.use_precision(before)
