"""Training on several processes that share out every batch, started by `torchrun`."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel

from crosscheck.errors import CrosscheckError, WorkerError
from crosscheck.training.workers import Workers, local_world, part
from torch_impl import adapter
from torch_impl.axiswise import AxiswiseBatchNorm, replace_norms
from torch_impl.training import Trainer

# What gloo and NCCL say when the other end of a connection is gone.
LOST = re.compile(
    r"closed by peer|reset by peer|connection refused|broken pipe|remote process", re.IGNORECASE
)


def start(workers: Workers, device: str) -> None:
    """Meet the other processes, which `torchrun` has told where.

    Raises:
        CrosscheckError: there are more of them than GPUs, where they are to run on those; or one is gone.
    """
    if device == "cuda":
        number, count = local_world()
        if count > torch.cuda.device_count():
            raise CrosscheckError(
                f"{count} workers on this machine, but PyTorch sees {torch.cuda.device_count()} GPUs"
            )
        torch.cuda.set_device(number)
    with connected():
        dist.init_process_group("nccl" if device == "cuda" else "gloo")


def end() -> None:
    """Part with the other processes, all at the same time: one that is left alone may crash at its end."""
    with connected():
        dist.barrier()
    dist.destroy_process_group()


class Total(torch.autograd.Function):
    """The sum of a tensor over the workers, through which gradients flow back to every worker's share."""

    @staticmethod
    def forward(ctx, share: Tensor) -> Tensor:
        """share: any shape; the result is the same on all workers."""
        return _added(share)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        """gradient: of this worker's loss; the result is that of all losses together."""
        return _added(gradient)


class SynchronizedBatchNorm(AxiswiseBatchNorm):
    """Batch norm whose moments are taken over the batches of all workers together.

    `nn.SyncBatchNorm` does this on GPUs only.
    """

    def total(self, x: Tensor) -> Tensor:
        """See `AxiswiseBatchNorm`; of all workers."""
        return Total.apply(super().total(x))

    def count(self, x: Tensor) -> Tensor:
        """See `AxiswiseBatchNorm`; of all workers."""
        return _added(super().count(x))


class ParallelTrainer(Trainer):
    """A trainer that takes its part of every batch; arguments as for `Trainer`.

    `train` and `predict` are given the whole batch on every worker, and return the whole batch's results.
    """

    workers = Workers()

    def __init__(self, *arguments):
        super().__init__(*arguments)
        if self.workers.synchronized:
            replace_norms(self.model, SynchronizedBatchNorm)
        self.run = DistributedDataParallel(self.model)
        self.whole_loss, self.share = self.loss, 1.0
        self.loss = self._loss

    def train(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See `Trainer.train`."""
        mine = part(x.shape[1], self.workers.number, self.workers.count)
        # The gradients are averaged over the workers, whose parts may be of different sizes.
        self.share = (mine.stop - mine.start) * self.workers.count / x.shape[1]
        with connected():
            losses, hits = super().train(x[:, mine], y[:, mine])
            return _total(losses) / self.workers.count, _total(hits)

    def predict(self, x: np.ndarray) -> np.ndarray:
        """See `Trainer.predict`."""
        with connected():
            for buffer in self.model.buffers():  # those of the first worker are the model's
                dist.broadcast(buffer, 0)
            self.run, parallel = self.model, self.run
            parts: list[np.ndarray] = [np.empty(0)] * self.workers.count
            dist.all_gather_object(parts, super().predict(x[part(len(x), self.workers.number, len(parts))]))
            self.run = parallel
        return np.concatenate(parts)

    def _loss(self, output: Tensor, target: Tensor) -> Tensor:
        # The last batch may be smaller than there are workers; a mean of nothing is no number.
        return self.whole_loss(output, target) * self.share if len(output) else output.sum()


def trainer_class(workers: Workers) -> type[Trainer]:
    """The trainer for these workers."""
    return type("ParallelTrainer", (ParallelTrainer,), {"workers": workers})


@contextmanager
def connected() -> Iterator[None]:
    """Say it in one line when another worker is gone.

    Raises:
        WorkerError: it is.
    """
    try:
        yield
    except RuntimeError as error:
        if LOST.search(str(error)):
            raise WorkerError("another worker has died") from error
        raise


def _total(value: np.ndarray) -> np.ndarray:
    return adapter.array(_added(adapter.tensor(value)))


def _added(tensor: Tensor) -> Tensor:
    total = tensor.clone()
    dist.all_reduce(total)
    return total
