"""Training on several devices that share out every batch, in one process."""

import keras
import numpy as np
from keras import KerasTensor as Tensor
from keras import distribution, ops

from crosscheck.errors import CrosscheckError
from crosscheck.training.workers import Workers, part
from keras_impl import replicas
from keras_impl.training import Trainer


def start(workers: Workers, device: str) -> None:
    """Have models built and trained on several devices from now on.

    Raises:
        CrosscheckError: the backend has no such devices, or cannot do what was asked for.
    """
    if keras.backend.backend() == "tensorflow":
        scope = mirrored(workers.count, device)
    else:
        if not workers.synchronized:
            raise CrosscheckError("keras on jax knows whole batches only: batch norm cannot be local there")
        scope = DataParallel(devices=_enough(distribution.list_devices(), workers.count)).scope
    replicas.start(scope, workers.synchronized)


def end() -> None:
    """Nothing is left to be ended; PyTorch parts with its other processes here."""


class DataParallel(distribution.DataParallel):
    """Keras' data parallelism on jax, for batches that do not divide by the devices as well."""

    def get_data_layout(self, data_shape):
        """Along the batch if that divides; else every device computes all of it."""
        if data_shape[0] % self.device_mesh.shape[0]:
            return distribution.TensorLayout([None] * len(data_shape), self.device_mesh)
        return super().get_data_layout(data_shape)


def mirrored(count: int, device: str):
    """The scope of a strategy that mirrors variables on so many devices of TensorFlow."""
    tf = replicas.tensorflow()
    kind = "GPU" if device == "cuda" else "CPU"
    if kind == "CPU":  # a CPU is as many devices as it is told to be, before it is first used
        made_up = [tf.config.LogicalDeviceConfiguration()] * count
        tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], made_up)
    names = [device.name for device in tf.config.list_logical_devices(kind)]
    return tf.distribute.MirroredStrategy(_enough(names, count)).scope


class MirroredTrainer(Trainer):
    """A trainer on several devices of TensorFlow: each replica is given its part of every batch."""

    workers = Workers()
    # In a loop of steps, TensorFlow 2.21 loses the replicas' variables ("must feed a value for placeholder").
    steps_per_execution = 1
    step_of_all = None

    def fit(self, x: np.ndarray, y: np.ndarray) -> None:
        """See `Trainer.fit`.

        Not by Keras' `fit`, which gives the rows of a smaller batch to few of the replicas, and which
        fails where their parts are not of the same size. Nor by a dataset made of a generator: TensorFlow
        waits for a generator's thread when it ends one, and the thread for Python's lock, which it holds.
        """
        tf = replicas.tensorflow()
        strategy = tf.distribute.get_strategy()
        if self.step_of_all is None:
            step = self.stepper.train_step
            self.step_of_all = tf.function(lambda parts: strategy.run(step, (parts,)), reduce_retracing=True)
        for images, targets in zip(x, y, strict=True):
            parts = self.parts(images, targets)
            self.step_of_all(
                strategy.experimental_distribute_values_from_function(
                    lambda context, parts=parts: parts[context.replica_id_in_sync_group]
                )
            )

    def parts(self, images: np.ndarray, targets: np.ndarray) -> list[tuple[Tensor, Tensor, Tensor]]:
        """Of a batch each replica's part, and how much its images count."""
        count, found = self.workers.count, []
        for number in range(count):
            mine = part(len(images), number, count)
            # Keras takes the mean over each part and then over the parts, whatever their sizes; and
            # its 1 / count passes through float32.
            share = (mine.stop - mine.start) / len(images) / float(np.float32(1 / count))
            counted = np.full(mine.stop - mine.start, share, images.dtype)
            found.append(tuple(map(ops.convert_to_tensor, (images[mine], targets[mine], counted))))
        return found


def trainer_class(workers: Workers) -> type[Trainer]:
    """The trainer for these workers."""
    if keras.backend.backend() == "jax":  # which needs no more than the scope
        return Trainer
    return type("MirroredTrainer", (MirroredTrainer,), {"workers": workers})


def _enough(devices: list, count: int) -> list:
    if count > len(devices):
        raise CrosscheckError(f"{count} workers, but Keras sees {len(devices)} devices: {', '.join(devices)}")
    return devices[:count]
