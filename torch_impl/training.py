"""Training a PyTorch model step by step on batches that the neutral package hands over."""

import numpy as np
import torch

from crosscheck.errors import CheckpointError
from crosscheck.layouts import Parameter, Weights
from crosscheck.optimizers import Optimizer
from crosscheck.technique import technique
from torch_impl import adapter, losses
from torch_impl.techniques import weight_decay
from torch_impl.techniques.gradient_clipping import Clipping
from torch_impl.techniques.lr_scaling import WarmupSchedule

PREDICT_BATCH = 500
STEPS = "steps"  # what the state calls the number of steps taken
LONG = 100  # steps


class Trainer:
    """A case's model in training.

    Args:
        technique_name: the technique.
        case_name: its case.
        dtype: "float32", "float64" or "mixed_bfloat16".
        optimizer: with its hyper-parameters.
        weights: to start from.
        longest: the most steps that one call of `train` will be given.
    """

    # The axes keep PyTorch's order; in memory the channels stay last, which convolutions run faster on.
    memory_format = torch.channels_last

    def __init__(
        self,
        technique_name: str,
        case_name: str,
        dtype: str,
        optimizer: Optimizer,
        weights: Weights,
        longest: int,
    ):
        self.case = technique(technique_name).model(case_name)
        self.dtype = dtype
        self.model = adapter.build(technique_name, self.case, dtype)
        adapter.load(self.model, self.case, weights)
        self.run = adapter.executed(self.model)
        self.longest = longest
        self.names = {id(p): name for name, p in self.model.named_parameters()}
        self.loss = losses.loss_function(technique_name, self.case)
        decayed, others = adapter.by_decay(self.model, self.case)
        self.optimizer = make_optimizer(optimizer, decayed, others)
        self.schedule = make_schedule(optimizer, self.optimizer)

    def train(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """One optimizer step for each batch.

        Args:
            x: (steps, batch, ...), neutral layout, in the dtype of the weights.
            y: (steps, batch) class labels, or (steps, batch, ...) targets.

        Returns:
            the loss of every step, in the dtype of the weights, and how many images each step had right.
        """
        steps, batch = x.shape[:2]
        if steps > self.longest:
            raise ValueError(f"{steps} steps in one call; the trainer was made for {self.longest} at most")
        inputs = adapter.tensor(x.reshape(steps * batch, *x.shape[2:]), self.memory_format).split(batch)
        targets = adapter.tensor(y.reshape(steps * batch, *y.shape[2:])).split(batch)
        losses, outputs = [], []
        self.model.train()
        for rows, target in zip(inputs, targets, strict=True):
            self.optimizer.zero_grad()
            with adapter.precision(self.dtype):
                output = self.run(rows)
            # PORT: Keras computes losses in float32 where layers do in bfloat16; so does PyTorch within the
            # context, but outside of it as it is given them. Out here a loss of one's own is float32, too.
            loss = self.loss(output.to(rows.dtype), target)
            loss.backward()
            self.optimizer.step()
            self.schedule.step()
            # No `.item()` here: fetching a number at every step makes the device wait for Python.
            losses.append(loss.detach())
            outputs.append(output.detach())
        hits = np.zeros(len(x), np.int32)
        if y.ndim == 2:  # class labels
            hits += (adapter.array(torch.stack(outputs).argmax(-1)) == y).sum(axis=1, dtype=np.int32)
        return adapter.array(torch.stack(losses)), hits

    def predict(self, x: np.ndarray) -> np.ndarray:
        """The model's output in evaluation mode; x (batch, ...) in the neutral layout."""
        self.model.eval()
        with torch.no_grad(), adapter.precision(self.dtype):
            parts = [
                adapter.array(self.run(rows))
                for rows in adapter.tensor(x, self.memory_format).split(PREDICT_BATCH)
            ]
        return np.concatenate(parts)

    def weights(self) -> Weights:
        """Parameters and buffers, neutral."""
        return adapter.dump(self.model, self.case)

    def optimizer_state(self) -> Weights:
        """Everything the optimizer remembers, by name."""
        state = {
            f"{self.names[id(parameter)]}.{key}": adapter.fetched(value)
            for parameter, state in self.optimizer.state.items()
            for key, value in state.items()
            if value is not None
        }
        return {STEPS: np.array(self.schedule.last_epoch)} | state

    def restore(self, weights: Weights, state: Weights) -> None:
        """Continue exactly where `weights` and `optimizer_state` were taken.

        Raises:
            CheckpointError: the state is not that of this model's optimizer.
        """
        adapter.load(self.model, self.case, weights)
        parameters = dict(self.model.named_parameters())
        tensors = {name: value for name, value in state.items() if name != STEPS}
        # PyTorch has no state before the first step; after it, every parameter has.
        if STEPS not in state or (tensors and {n.rpartition(".")[0] for n in tensors} != parameters.keys()):
            raise CheckpointError("the optimizer's state is not that of this model")
        self.schedule.go_to(int(state[STEPS]))
        self.optimizer.state.clear()
        for name, value in tensors.items():
            path, _, key = name.rpartition(".")
            target = parameters[path]
            self.optimizer.state[target][key] = adapter.placed(value)


class QuietTrainer(Trainer):
    """A trainer whose float32 is as exact as PyTorch's can be."""

    # With the channels last in memory PyTorch's batch norm adds up its statistics in float32, one by one:
    # its error is 7 times what it is with the channels first, on 1,152 values a channel, and more on more.
    memory_format = torch.contiguous_format


def make_optimizer(
    optimizer: Optimizer, decayed: list[torch.nn.Parameter], others: list[torch.nn.Parameter]
) -> torch.optim.Optimizer:
    """The PyTorch optimizer that these hyper-parameters describe; only `decayed` feel weight decay."""
    made = weight_decay.make_optimizer(optimizer, decayed, others)
    if optimizer.global_norm or optimizer.variable_norm:
        Clipping(optimizer.global_norm, optimizer.variable_norm).attach(made)
    return made


def make_schedule(optimizer: Optimizer, made: torch.optim.Optimizer) -> WarmupSchedule:
    """The learning rate of every step, to be stepped after the optimizer."""
    shape = optimizer.warmup_start, optimizer.warmup_steps, optimizer.milestones
    return WarmupSchedule(made, optimizer.learning_rate, *shape)


def updates(
    parameters: dict[str, Parameter],
    dtype: str,
    optimizer: Optimizer,
    weights: Weights,
    gradients: list[Weights],
) -> list[Weights]:
    """What the optimizer makes of plain tensors with given gradients; the weights after each step."""
    kind = adapter.DTYPES[dtype]
    held = {n: torch.nn.Parameter(adapter.placed(w).to(kind)) for n, w in weights.items()}
    decayed = [held[name] for name, parameter in parameters.items() if parameter.decayed]
    others = [held[name] for name, parameter in parameters.items() if not parameter.decayed]
    made = make_optimizer(optimizer, decayed, others)
    schedule = make_schedule(optimizer, made)
    after = []
    for gradient in gradients:
        for name, tensor in held.items():
            tensor.grad = adapter.placed(gradient[name]).to(kind)
        made.step()
        schedule.step()
        after.append({name: adapter.fetched(tensor) for name, tensor in held.items()})
    return after


def trajectory(
    technique_name: str,
    case_name: str,
    dtype: str,
    optimizer: Optimizer,
    starts: list[Weights],
    x: np.ndarray,
    y: np.ndarray,
    states: list[Weights] | None = None,
) -> list[tuple[np.ndarray, Weights, Weights]]:
    """Train from each of several starting points on the same batches.

    Args:
        technique_name, case_name, dtype, optimizer: as of `Trainer`.
        starts: the weights of each.
        x, y: as of `Trainer.train`.
        states: of the optimizer at each, if it has taken steps before.

    Returns:
        for each start: the loss of every step, the weights at the end, and the optimizer's state.
    """
    trainer = trainer_for(technique_name, case_name, dtype, optimizer, starts[0], len(x))
    return courses(trainer, starts, x, y, states)


def trainer_for(
    technique_name: str, case_name: str, dtype: str, optimizer: Optimizer, weights: Weights, steps: int
) -> Trainer:
    """The trainer of a trajectory; arguments as for `Trainer`."""
    # In float64 a long course runs as training does.
    as_training = dtype == "float64" and steps >= LONG
    kind = Trainer if as_training else QuietTrainer
    return kind(technique_name, case_name, dtype, optimizer, weights, steps)


def courses(
    trainer: Trainer, starts: list[Weights], x: np.ndarray, y: np.ndarray, states: list[Weights] | None
) -> list[tuple[np.ndarray, Weights, Weights]]:
    """See `trajectory`; by a trainer that has not taken a step yet."""
    fresh = trainer.optimizer_state()
    results = []
    for start, state in zip(starts, states or [fresh] * len(starts), strict=True):
        trainer.restore(start, state)
        losses, _ = trainer.train(x, y)
        results.append((losses, trainer.weights(), trainer.optimizer_state()))
    return results
