"""Overfitting one batch: a check of any model, its loss and its training.

Source: article 003, A. Karpathy's recipe. Contract: crosscheck/specs/overfit_one_batch.py
What is measured here is judged in crosscheck/overfitting.py.
"""

from collections.abc import Callable, Mapping

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from crosscheck.overfitting import Measured, Plan, Report, judge, probe
from crosscheck.parameters import initial_weights
from crosscheck.technique import technique
from torch_impl import adapter, training

Loss = Callable[[Tensor, Tensor], Tensor]

KINDS = ("calm", "dead", "frozen", "softmax")


def overfit(model: nn.Module, loss: Loss, x: Tensor, y: Tensor, plan: Plan) -> Report:
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
    labels = y if y.ndim == 2 else y[None].expand(plan.steps, -1)
    frozen, silent, outputs = look(model, x)
    require_logits(outputs, labels)
    outputs, first, repeated, gradients = first_passes(model, loss, x, labels[0])
    known, classes = (torch.as_tensor(a, device=x.device) for a in probe(outputs.shape[1]))
    probe_loss = float(loss(known.to(x.dtype), classes))
    before = trained_values(model)
    losses, hits = learn(model, loss, x, labels, plan)
    after = trained_values(model)
    model.eval()
    with torch.no_grad():
        final = model(x)
    return judge(
        Measured(
            x=adapter.array(x),
            labels=adapter.fetched(labels),
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
            evaluation_hits=int((final.argmax(dim=1) == labels[0]).sum()),
        ),
        plan,
    )


def first_passes(
    model: nn.Module, loss: Loss, x: Tensor, labels: Tensor
) -> tuple[np.ndarray, float, float, dict[str, float]]:
    """Two passes in training mode: outputs and loss, the loss again, and the largest gradients."""
    # PORT: PyTorch leaves gradients in the parameters, so that one `backward` is all it takes. Keras hands
    # them to the optimizer only, whatever the backend: the probe is one that writes them down.
    losses = []
    for _ in range(2):
        model.train().zero_grad()
        outputs = model(x)
        value = loss(outputs, labels)
        value.backward()
        losses.append(float(value.detach()))
    named = {name: p.grad for name, p in model.named_parameters() if p.requires_grad}
    gradients = {name: 0.0 if g is None else float(g.abs().max()) for name, g in named.items()}
    return adapter.array(outputs), *losses, gradients


def look(model: nn.Module, x: Tensor) -> tuple[tuple[str, ...], tuple[str, ...], np.ndarray]:
    """The layers that are frozen, those whose every input is 0, and the outputs; in evaluation mode."""
    frozen, silent = [], []

    def listen(path: str) -> Callable[[nn.Module, tuple, dict], None]:
        def heard(layer: nn.Module, inputs: tuple, named: dict) -> None:
            if is_frozen(layer):
                frozen.append(path)
            given = next((a for a in (*inputs, *named.values()) if isinstance(a, Tensor)), None)
            if given is not None and not given.any():
                silent.append(path)

        return heard

    # PORT: PyTorch's modules take hooks; in Keras the call of all layers is replaced for the while.
    holders = [
        (n, m) for n, m in model.named_modules() if next(m.parameters(recurse=False), None) is not None
    ]
    hooks = [module.register_forward_pre_hook(listen(name), with_kwargs=True) for name, module in holders]
    try:
        with torch.no_grad():
            outputs = model.eval()(x)
    finally:
        for hook in hooks:
            hook.remove()
    return tuple(frozen), tuple(silent), adapter.array(outputs)


def is_frozen(layer: nn.Module) -> bool:
    """Whether parameters of the layer itself are not trained."""
    # PORT: what is frozen is a parameter's `requires_grad` in PyTorch and a layer's `trainable` in Keras.
    return any(not parameter.requires_grad for parameter in layer.parameters(recurse=False))


def trained_values(model: nn.Module) -> np.ndarray:
    """Everything that is trained, as one vector."""
    parts = [adapter.fetched(p).ravel() for p in model.parameters() if p.requires_grad]
    return np.concatenate(parts)


def learn(
    model: nn.Module, loss: Loss, x: Tensor, labels: Tensor, plan: Plan
) -> tuple[np.ndarray, np.ndarray]:
    """Train on the batch with the labels of every step (steps, B); loss and hits of every step."""
    optimizer = training.make_optimizer(
        plan.optimizer, [p for p in model.parameters() if p.requires_grad], []
    )
    schedule = training.make_schedule(plan.optimizer, optimizer)
    losses, hits = [], []
    model.train()
    for target in labels:
        optimizer.zero_grad()
        outputs = model(x)
        value = loss(outputs, target)
        value.backward()
        optimizer.step()
        schedule.step()
        losses.append(value.detach())
        hits.append((outputs.argmax(dim=1) == target).sum())
    return adapter.array(torch.stack(losses)), adapter.array(torch.stack(hits))


def cross_entropy(output: Tensor, labels: Tensor) -> Tensor:
    """The loss that the check is for; of logits."""
    return F.cross_entropy(output, labels)


def softmax(x: Tensor) -> Tensor:
    """Over the classes, (B, K)."""
    # PORT: PyTorch and Keras on jax take the softmax of a softmax without a word. On TensorFlow Keras knows
    # its own softmax again, warns, and takes the logits before it, so that the same mistake trains well
    # there and badly elsewhere. The product hides the softmax from it.
    return x.softmax(dim=1)


def softmax_twice(output: Tensor, labels: Tensor) -> Tensor:
    """A mistake: a softmax before the one of the loss."""
    return cross_entropy(softmax(output), labels)


def squared_error_loss(output: Tensor, labels: Tensor) -> Tensor:
    """A mistake: the squared error of logits."""
    return F.mse_loss(output, F.one_hot(labels, output.shape[1]).to(output.dtype))


def sabotage(model: nn.Module, changes: Mapping[str, str]) -> None:
    """Break layers, {name: kind}: "dead", "frozen", a "softmax" behind it; "calm" breaks nothing.

    Raises:
        ValueError: there is no such layer or kind; the model is as it was.
    """
    layers = dict(model.named_children())
    for name, kind in changes.items():
        if name not in layers or kind not in KINDS:
            raise ValueError(f"a layer can be {', '.join(KINDS)}; not {name!r} {kind!r}")
    for name, kind in changes.items():
        layer = layers[name]
        with torch.no_grad():
            match kind:
                case "calm":  # as the recipe has it, so that the initial loss is -log(1/K)
                    layer.weight.mul_(2.0**-6)
                    layer.bias.mul_(2.0**-6)
                case "dead":
                    layer.bias.sub_(1000.0)
                case "frozen":
                    layer.requires_grad_(False)
                case "softmax":
                    layer.register_forward_hook(lambda module, inputs, output: softmax(output))


def check(
    model: nn.Module, x: Tensor, y: Tensor, loss: str, changes: dict[str, str], plan: Plan
) -> dict[str, np.ndarray | str | int]:
    """`overfit` with a loss by name and a model with some layers changed, {layer: kind}.

    Raises:
        ValueError: as `overfit` and `sabotage`; the model is as it was.
    """
    require_batch(x, y, plan.steps)
    require_logits(look(model, x)[2], y)
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
    x, y = (adapter.tensor(array) for array in batch)
    return overfit(model, LOSSES[loss], x, y, plan)


def require_batch(x: Tensor, y: Tensor, steps: int) -> None:
    """Refuse what is no batch with its labels."""
    if steps < 1:
        raise ValueError(f"it takes a step at least, not {steps}")
    if y.ndim not in (1, 2) or y.shape[-1] != len(x) or (y.ndim == 2 and len(y) != steps):
        raise ValueError(f"expected labels ({len(x)},) or ({steps}, {len(x)}), got {tuple(y.shape)}")


def require_logits(outputs: np.ndarray, labels: Tensor) -> None:
    """Refuse a model that is no classifier of these labels."""
    if outputs.ndim != 2 or int(labels.min()) < 0 or int(labels.max()) >= outputs.shape[1]:
        raise ValueError(f"the labels are no classes of an output of shape {outputs.shape}")


LOSSES: dict[str, Loss] = {
    "cross_entropy": cross_entropy,
    "softmax_twice": softmax_twice,
    "squared_error": squared_error_loss,
}
