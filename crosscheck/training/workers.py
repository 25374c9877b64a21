"""Several workers that train one model together, each on its part of every batch.

In PyTorch a worker is a process, which `torchrun` starts and tells its number; in Keras it is a
device that one process divides its batches among. The batch size is always the whole batch's, so
that the number of workers changes nothing but the speed.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crosscheck.errors import CrosscheckError
from crosscheck.layouts import Weights
from crosscheck.training.run_folder import Row, RunFolder


@dataclass(frozen=True)
class Workers:
    """How many workers there are, and which of them this process is.

    Attributes:
        count: of workers.
        number: of this process among those of `torchrun`, from 0; the first writes the files.
        local: how many of them this process drives itself: all of them in Keras.
        synchronized: batch norm takes its moments over the whole batch, not over each worker's part.
    """

    count: int = 1
    number: int = 0
    local: int = 1
    synchronized: bool = True

    def require(self, batch_size: int, images: int) -> None:
        """Make sure that every worker has something to do.

        Args:
            batch_size: of all workers together.
            images: of an epoch.

        Raises:
            CrosscheckError: a batch holds fewer images than there are workers; but for the last one, unless
                batch norm is to be taken over its parts.
        """
        if batch_size < self.count:
            raise CrosscheckError(
                f"a batch of {batch_size} cannot be shared out among {self.count} workers; "
                "use a larger --batch-size or fewer workers"
            )
        if not self.synchronized and self.empty_parts(batch_size, images):
            raise CrosscheckError(
                f"the last batch of an epoch holds {images % batch_size} of the {images:,} images: "
                f"too few for {self.count} workers, each with a batch norm of its own; "
                "use another --batch-size"
            )

    def empty_parts(self, batch_size: int, images: int) -> bool:
        """Whether the last batch of an epoch leaves some worker without an image."""
        return 0 < images % batch_size < self.count


def part(rows: int, number: int, count: int) -> slice:
    """The rows of a batch that are one worker's; the first ones take one more where it does not divide."""
    each, more = divmod(rows, count)
    start = number * each + min(number, more)
    return slice(start, start + each + (number < more))


def world() -> tuple[int, int]:
    """Rank of this process and the world size, as `torchrun` tells them; (0, 1) without it."""
    return int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))


def local_world() -> tuple[int, int]:
    """The same among the processes on this machine."""
    number, count = world()
    return int(os.environ.get("LOCAL_RANK", number)), int(os.environ.get("LOCAL_WORLD_SIZE", count))


class Onlooker(RunFolder):
    """The folder of a run for all workers but the first: read as the first one's, never written to.

    Args:
        path: the folder.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._initial: Weights = {}

    def require_ready(self, resume: bool) -> None:
        """The first worker sees to that."""

    @contextmanager
    def alone(self) -> Iterator[None]:
        """The first worker sees to that."""
        yield

    def begin(self, facts: Mapping[str, Any], initial: Weights) -> None:
        """Remember where the first worker begins."""
        self._initial = initial

    def state(self) -> tuple[int, Weights, Weights]:
        """See `RunFolder.state`; of a new run without the files, which may not have been written yet."""
        return (0, self._initial, {}) if self._initial else super().state()

    def resumed(self, epochs: int, session: Mapping[str, Any] | None) -> None:
        """The first worker writes."""

    def save(self, epoch: int, weights: Weights, optimizer: Weights) -> None:
        """The first worker writes."""

    def log(self, row: Row) -> None:
        """The first worker writes."""

    def forget_after(self, epoch: int) -> None:
        """The first worker writes."""
