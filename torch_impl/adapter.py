"""Between PyTorch's models and the neutral package: the only place where arrays are permuted.

Every function takes and returns numpy arrays in the neutral layout (channels last) and is called
in PyTorch's own process. `keras_impl/adapter.py` is its mirror.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from crosscheck import checkpoint, layouts
from crosscheck.environment import recorded_environment
from crosscheck.errors import CrosscheckError
from crosscheck.layouts import Weights
from crosscheck.modes import MIXED
from crosscheck.technique import Case, technique
from torch_impl import implementation, losses

DTYPES = {"float32": torch.float32, "float64": torch.float64, MIXED: torch.float32}

_device = torch.device("cpu")
_mode = ""


def configure(device: str, mode: str = "") -> None:
    """Choose device and mode for everything that follows; exact arithmetic, deterministic algorithms.

    Args:
        device: "cpu" or "cuda".
        mode: one of `modes.MODES`; "" is what suits the work.
    """
    global _device, _mode
    if device == "cuda" and not torch.cuda.is_available():
        raise CrosscheckError("PyTorch sees no CUDA device; use --device cpu")
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    # Where there is no deterministic algorithm, on a GPU only, PyTorch warns.
    torch.use_deterministic_algorithms(True, warn_only=True)
    _device, _mode = torch.device(device), mode


def precision(dtype: str) -> torch.autocast:
    """Within the block, layers of a model of this dtype compute as it says."""
    # PORT: mixed precision is a context around PyTorch's calls and a policy of Keras' layers.
    return torch.autocast(_device.type, torch.bfloat16, enabled=dtype == MIXED)


def on_device() -> AbstractContextManager[object]:
    """Within the block, what is made by a user's code that says nothing of devices is on the chosen one."""
    return nullcontext() if _device.type == "cpu" else _device


def executed(model: nn.Module) -> nn.Module:
    """The model as the mode executes it; it shares its weights, and its own training mode."""
    # PORT: PyTorch's modes wrap a model; Keras' are arguments of `compile`.
    return torch.compile(model) if _mode == "compile" else model


def settings() -> dict[str, str | int | bool]:
    """What a result may depend on: what was asked for by the environment, and what PyTorch says."""
    return {
        **recorded_environment(),
        "device": str(_device),
        "mode": _mode,
        "threads": torch.get_num_threads(),
        "tf32": torch.backends.cuda.matmul.allow_tf32 or torch.backends.cudnn.allow_tf32,
        "deterministic": torch.are_deterministic_algorithms_enabled(),
    }


def tensor(array: np.ndarray, memory_format: torch.memory_format = torch.contiguous_format) -> Tensor:
    """A neutral input: images (B, H, W, C) become (B, C, H, W)."""
    value = placed(array)
    # PORT: PyTorch's images are channels-first, Keras' channels-last.
    return value.movedim(-1, 1).contiguous(memory_format=memory_format) if value.ndim > 3 else value


def array(value: Tensor) -> np.ndarray:
    """A tensor as a neutral array; feature maps (B, C, H, W) become (B, H, W, C)."""
    value = fetched(value.float() if value.dtype == torch.bfloat16 else value)  # which numpy has not
    return np.array(np.moveaxis(value, 1, -1) if value.ndim > 3 else value, order="C")


def placed(array: np.ndarray) -> Tensor:
    """A copy of an array on the device, its axes in their order."""
    return torch.from_numpy(np.array(array, order="C", copy=True)).to(_device)


def fetched(value: Tensor) -> np.ndarray:
    """A copy of a tensor as an array, its axes in their order."""
    return value.detach().cpu().numpy().copy()


def build(technique_name: str, case: Case, dtype: str) -> nn.Module:
    """The case's model, with PyTorch's own initial weights."""
    # PORT: PyTorch is told the sizes of its inputs; Keras infers them when it is first called.
    model = model_class(technique_name, case)(**case.in_arguments, **case.arguments)
    return to_device(model, dtype)


def to_device(model: nn.Module, dtype: str) -> nn.Module:
    """The model itself, on the chosen device."""
    return model.to(device=_device, dtype=DTYPES[dtype])


def model_class(technique_name: str, case: Case) -> type:
    """The class that builds the case's model: of its technique, or "technique:class" of another."""
    other, _, name = case.build.rpartition(":")
    return getattr(implementation(other or technique_name), name)


def load(model: nn.Module, case: Case, weights: Weights) -> None:
    """Put neutral weights into the model; every tensor must fit.

    Raises:
        WeightsError: a tensor is missing, left over or misshapen on either side.
    """
    dump(model, case)  # the model itself must hold what the contract says
    packed = layouts.pack(weights, case.parameters, "torch")
    with torch.no_grad():
        for name, value in model.state_dict().items():
            if name in packed:
                value.copy_(placed(packed[name]))


def dump(model: nn.Module, case: Case) -> Weights:
    """The model's parameters and buffers as neutral weights.

    Raises:
        WeightsError: the model does not hold what the contract says.
    """
    state = {name: fetched(value) for name, value in model.state_dict().items()}
    return layouts.unpack(state, case.parameters, "torch")


def by_decay(model: nn.Module, case: Case) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """The trainable parameters that weight decay applies to, and the others."""
    named = dict(model.named_parameters())
    kinds = {layouts.side_name(n, p.kind, "torch"): p for n, p in case.parameters.items() if p.trainable}
    decayed = [named[name] for name, parameter in kinds.items() if parameter.decayed]
    return decayed, [named[name] for name, parameter in kinds.items() if not parameter.decayed]


def trainable_count(technique_name: str, case_name: str, dtype: str) -> int:
    """Trainable parameters, as PyTorch itself counts them."""
    model = build(technique_name, technique(technique_name).model(case_name), dtype)
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


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
    model = build(technique_name, case, dtype)
    loss = losses.loss_function(technique_name, case)
    run = executed(model)

    def evaluated(weights: Weights, x: np.ndarray) -> dict[str, np.ndarray]:
        load(model, case, weights)
        with precision(dtype):
            return _evaluate(model, run, case, x, lambda y: loss(y, tensor(target)))

    return [evaluated(weights, x) for weights, x in points]


def _evaluate(
    model: nn.Module, run: nn.Module, case: Case, x: np.ndarray, loss_of: Callable[[Tensor], Tensor]
) -> dict[str, np.ndarray]:
    inputs = tensor(x).requires_grad_()
    # PORT: training is a state of PyTorch's module and an argument of Keras' call.
    with torch.no_grad():
        model.eval()
        output = run(inputs)
    model.train().zero_grad()
    trained = run(inputs)
    loss = loss_of(trained)
    loss.backward()
    gradients = {name: p.grad.cpu().numpy() for name, p in model.named_parameters()}
    trainable = {name: p for name, p in case.parameters.items() if p.trainable}
    results = {
        "output": array(output),
        "output/training": array(trained),
        "loss": array(loss),
        "input_gradient": array(inputs.grad),
    }
    for name, value in layouts.unpack(gradients, trainable, "torch").items():
        results[f"gradient/{name}"] = value
    for name, value in dump(model, case).items():
        if name not in trainable:
            results[f"buffer/{name}"] = value
    return results


def round_trip(technique_name: str, case_name: str, dtype: str, weights: Weights) -> Weights:
    """Neutral weights into the model and out again."""
    case = technique(technique_name).model(case_name)
    model = build(technique_name, case, dtype)
    load(model, case, weights)
    return dump(model, case)


def save(technique_name: str, case_name: str, dtype: str, weights: Weights, path: Path) -> None:
    """Neutral weights into the model, and from the model into a file."""
    checkpoint.save(path, round_trip(technique_name, case_name, dtype, weights), {"side": "torch"})


def read(technique_name: str, case_name: str, dtype: str, path: Path) -> Weights:
    """A file into the model, and out of it again."""
    return round_trip(technique_name, case_name, dtype, checkpoint.read(path).arrays)


def refusals(technique_name: str, case_name: str, dtype: str, shapes: Sequence[tuple[int, ...]]) -> list[str]:
    """For each input shape the name of the exception the model raises, or "" if it takes it."""
    case = technique(technique_name).model(case_name)
    model = build(technique_name, case, dtype).eval()
    return [_refusal(model, np.zeros(shape, dtype)) for shape in shapes]


def _refusal(model: nn.Module, x: np.ndarray) -> str:
    try:
        with torch.no_grad():
            model(tensor(x))
    except (ValueError, RuntimeError) as error:
        return type(error).__name__
    return ""


def model_with(technique_name: str, case_name: str, dtype: str, weights: Weights) -> nn.Module:
    """A case's model in evaluation mode, holding neutral weights."""
    case = technique(technique_name).model(case_name)
    model = build(technique_name, case, dtype)
    load(model, case, {name: value.astype(dtype) for name, value in weights.items()})
    return model.eval()
