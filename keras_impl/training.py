"""Training a Keras model step by step on batches that the neutral package hands over."""

import re

import keras
import numpy as np
from keras import ops

from crosscheck.errors import CheckpointError
from crosscheck.layouts import Parameter, Weights
from crosscheck.modes import MODES, framework
from crosscheck.optimizers import Optimizer
from crosscheck.technique import technique
from keras_impl import adapter, losses, replicas
from keras_impl.techniques import weight_decay

# Steps that run inside one compiled call; Python is in the way of each one otherwise.
STEPS_PER_EXECUTION = 50
PREDICT_BATCH = 500
LONG = 100  # steps


class Stepper(keras.Model):
    """A model that `fit` trains while the loss and the hits of every single step are kept.

    `fit` itself reports running means only. The record is a variable, so that it is written
    inside the compiled step on every backend.

    Args:
        model: the model to train.
        steps: length of the record; it is written over from the start when it is full.
    """

    def __init__(self, model: keras.Layer, steps: int):
        super().__init__(name="stepper")
        self.model = model
        keep = {"initializer": "zeros", "trainable": False}
        self.step = self.add_weight(shape=(), dtype="int32", name="step", **keep)
        self.loss_record = self.add_weight(shape=(steps,), name="losses", **keep)
        self.hit_record = self.add_weight(shape=(steps,), dtype="int32", name="hits", **keep)

    def call(self, x, training=None):
        return self.model(x, training=training)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        loss = super().compute_loss(x, y, y_pred, sample_weight, training)
        self._record(self.loss_record, replicas.total(loss))
        if len(y.shape) == 1:  # class labels
            hits = ops.equal(ops.argmax(y_pred, axis=-1), ops.cast(y, "int64"))
            self._record(self.hit_record, replicas.total(ops.sum(ops.cast(hits, "int32"))))
        self.step.assign((self.step + 1) % self.loss_record.shape[0])
        return loss

    def _record(self, record, value):
        value = ops.reshape(ops.cast(value, record.dtype), (1,))
        record.assign(ops.slice_update(record.value, (self.step.value,), value))


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

    steps_per_execution = STEPS_PER_EXECUTION

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
        self.model = self.make_model(technique_name, dtype)
        adapter.load(self.model, self.case, weights)
        self.longest = longest
        with replicas.scope():
            self.compile(optimizer, losses.loss_function(technique_name, self.case))

    def make_model(self, technique_name: str, dtype: str) -> keras.Layer:
        """The model to be trained; of this trainer alone."""
        with adapter.nothing_drawn():  # its weights are given
            return adapter.build(technique_name, self.case, dtype)

    def compile(self, optimizer: Optimizer, loss: keras.Loss) -> None:
        """Make ready for training in the mode that was chosen."""
        decayed, others = adapter.by_decay(self.model, self.case)
        self.stepper = Stepper(self.model, self.longest)
        how = adapter.executed(default_mode(self.longest))
        # Only what is traced can be repeated inside one call; tracing that takes longer than a short run.
        traced = not how["run_eagerly"] and self.longest >= LONG
        self.stepper.compile(
            optimizer=make_optimizer(optimizer, decayed, others),
            loss=loss,
            steps_per_execution=self.steps_per_execution if traced else 1,
            **how,
        )
        self.stepper.optimizer.build(self.model.trainable_variables)

    def train(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """One optimizer step for each batch.

        Args:
            x: (steps, batch, ...), neutral layout, in the dtype of the weights.
            y: (steps, batch) class labels, or (steps, batch, ...) targets.

        Returns:
            the loss of every step, in the dtype of the weights, and how many images each step had right.
        """
        steps = len(x)
        if steps > self.longest:
            raise ValueError(f"{steps} steps in one call; the trainer was made for {self.longest} at most")
        self.stepper.step.assign(0)
        with replicas.scope():
            self.fit(x, y)
        return adapter.array(self.stepper.loss_record)[:steps], adapter.array(self.stepper.hit_record)[:steps]

    def fit(self, x: np.ndarray, y: np.ndarray) -> None:
        """One step for each batch, whose results the stepper keeps; arguments as for `train`."""
        rows, targets = x.reshape(-1, *x.shape[2:]), y.reshape(-1, *y.shape[2:])
        self.stepper.fit(rows, targets, batch_size=x.shape[1], shuffle=False, verbose=0)

    def predict(self, x: np.ndarray) -> np.ndarray:
        """The model's output in evaluation mode; x (batch, ...) in the neutral layout."""
        with replicas.scope():
            output = np.asarray(self.stepper.predict(x, batch_size=PREDICT_BATCH, verbose=0))
        return output.astype(x.dtype)  # bfloat16, where layers compute in it, is not numpy's

    def weights(self) -> Weights:
        """Parameters and buffers, neutral."""
        return adapter.dump(self.model, self.case)

    def optimizer_state(self) -> Weights:
        """Everything the optimizer remembers, by name."""
        return {name: adapter.array(variable) for name, variable in self._remembered().items()}

    def restore(self, weights: Weights, state: Weights) -> None:
        """Continue exactly where `weights` and `optimizer_state` were taken.

        Raises:
            CheckpointError: the state is not that of this model's optimizer.
        """
        adapter.load(self.model, self.case, weights)
        remembered = self._remembered()
        if state.keys() != remembered.keys():
            raise CheckpointError("the optimizer's state is not that of this model")
        for name, variable in remembered.items():
            variable.assign(state[name])

    def _remembered(self) -> dict[str, keras.Variable]:
        """The optimizer's variables; not named by how many optimizers the process had before."""
        optimizer = self.stepper.optimizer
        kind = re.sub(r"_\d+$", "", optimizer.name)
        return {kind + v.path.removeprefix(optimizer.name): v for v in optimizer.variables}


class ShortTrainer(Trainer):
    """A trainer that is done with its model before anyone else needs it, and so may borrow one."""

    def make_model(self, technique_name: str, dtype: str) -> keras.Layer:
        """The model that the adapter keeps."""
        return adapter.kept(technique_name, self.case, dtype)


def default_mode(steps: int) -> str:
    """The mode for so many steps of small batches: compiling with XLA takes longer than a short run."""
    backend = keras.backend.backend()
    if backend != "tensorflow":
        return MODES[framework("keras", backend)][0]
    return "xla" if steps >= LONG else "graph"


def make_optimizer(
    optimizer: Optimizer, decayed: list[keras.Variable], others: list[keras.Variable]
) -> keras.Optimizer:
    """The Keras optimizer that these hyper-parameters describe; only `decayed` feel weight decay."""
    return weight_decay.make_optimizer(optimizer, decayed, others)


def updates(
    parameters: dict[str, Parameter],
    dtype: str,
    optimizer: Optimizer,
    weights: Weights,
    gradients: list[Weights],
) -> list[Weights]:
    """What the optimizer makes of plain tensors with given gradients; the weights after each step."""
    adapter.use_precision(dtype)
    held = {name: keras.Variable(w, dtype=dtype, name=name.replace(".", "_")) for name, w in weights.items()}
    decayed = [held[name] for name, parameter in parameters.items() if parameter.decayed]
    others = [held[name] for name, parameter in parameters.items() if not parameter.decayed]
    made = make_optimizer(optimizer, decayed, others)
    made.build(list(held.values()))
    after = []
    for gradient in gradients:
        made.apply([ops.convert_to_tensor(gradient[name], dtype) for name in held])
        after.append({name: adapter.array(variable) for name, variable in held.items()})
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
    trainer = ShortTrainer(technique_name, case_name, dtype, optimizer, starts[0], len(x))
    fresh = trainer.optimizer_state()
    results = []
    for start, state in zip(starts, states or [fresh] * len(starts), strict=True):
        trainer.restore(start, state)
        losses, _ = trainer.train(x, y)
        results.append((losses, trainer.weights(), trainer.optimizer_state()))
    return results
