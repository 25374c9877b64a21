"""From what a training script was asked for to its run: workers, the framework, the loop."""

import importlib
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import NoReturn

from crosscheck import console, modes
from crosscheck.data import dataset
from crosscheck.environment import default_threads, framework_environment
from crosscheck.errors import CrosscheckError, WorkerError
from crosscheck.recipes.recipe import Recipe
from crosscheck.training import launch, loop
from crosscheck.training.run_folder import RunFolder
from crosscheck.training.workers import Onlooker, Workers, local_world, world


@dataclass(frozen=True)
class Request:
    """What a training script was asked for.

    Attributes:
        side: "torch" or "keras".
        recipe: with the user's epochs and batch size.
        data: as the user named it.
        seed: of initial weights and batch order.
        backend: Keras' backend; "torch" for PyTorch.
        device: "cpu" or "cuda".
        dtype: "float32", "float64" or "mixed_bfloat16".
        mode: see `crosscheck.modes`; None for what is fastest.
        threads: of the framework in each worker; None for a fair share of the cores.
        workers: that share out every batch.
        synchronized: whether batch norm takes its moments over the whole batch.
        folder: of the run.
        resume: go on after the last whole epoch that is kept there.
    """

    side: str
    recipe: Recipe
    data: str
    seed: int
    backend: str
    device: str
    dtype: str
    mode: str | None
    threads: int | None
    workers: int
    synchronized: bool
    folder: Path
    resume: bool


def carry_out(request: Request) -> None:
    """Train in this process, or begin the workers that do.

    Raises:
        CrosscheckError: something is wrong with what was asked for.
        SystemExit: the run was interrupted, or a worker has died; or it was trained by workers begun here.
    """
    team = _team(request)
    chosen = request.mode or modes.for_training(
        request.side, request.backend, request.device, request.recipe.batch_size, team.count
    )
    modes.require(request.side, request.backend, request.device, chosen, team.count)
    folder = Onlooker(request.folder) if team.number else RunFolder(request.folder)
    folder.require_ready(request.resume)  # known before anything slow is begun
    images = dataset.load(request.data)
    team.require(request.recipe.batch_size, len(images.train))
    if request.side == "torch" and team.count > world()[1]:
        launch.together(team.count, launch.this_command(), lambda: _more(request.folder))
    with ended_in_order(request.folder, team):
        side = _Framework(request, team, chosen, len(images.train))
        settings = loop.Settings(
            side=request.side,
            backend=request.backend,
            device=request.device,
            dtype=request.dtype,
            mode=chosen,
            threads=side.threads,
            workers=team.count,
            synchronized=team.synchronized,
            data=request.data,
            seed=request.seed,
            framework=side.adapter.settings(),
        )
        loop.train(side.trainer, request.recipe, settings, images, folder, request.resume)
        if side.parallel:
            side.parallel.end()


def _team(request: Request) -> Workers:
    if request.side == "keras":
        return Workers(request.workers, 0, request.workers, request.synchronized)
    number, started = world()
    if started > 1 and request.workers not in (1, started):
        raise CrosscheckError(f"--workers {request.workers}, but torchrun has started {started}")
    if local_world()[0]:
        console.be_silent()  # the first worker of each machine speaks for all
    return Workers(max(request.workers, started), number, 1, request.synchronized)


class _Framework:
    """The side's modules, imported and configured.

    Attributes:
        threads: of the framework.
        adapter, parallel: modules; `parallel` only where there are several workers.
        trainer: the class.
    """

    def __init__(self, request: Request, team: Workers, mode: str, images: int) -> None:
        self.threads = request.threads or default_threads(processes=local_world()[1])
        # Before the framework is imported: it reads these when it starts.
        empty = team.empty_parts(request.recipe.batch_size, images)
        os.environ |= framework_environment(request.backend, request.device, self.threads, team.local, empty)
        self.parallel: ModuleType | None = None
        with console.quiet_start():
            self.adapter = importlib.import_module(f"{request.side}_impl.adapter")
            self.trainer = importlib.import_module(f"{request.side}_impl.training").Trainer
            if team.count > 1:
                self.parallel = importlib.import_module(f"{request.side}_impl.parallel")
                self.parallel.start(team, request.device)
                self.trainer = self.parallel.trainer_class(team)
            self.adapter.configure(request.device, mode)


@contextmanager
def ended_in_order(folder: Path, workers: Workers) -> Iterator[None]:
    """Say how a run that broke off is gone on with."""
    launched = launch.LAUNCHED in os.environ  # then the process that launched this one says it

    def another_died(*_: object) -> NoReturn:
        raise WorkerError("another worker has died")

    if workers.count > workers.local:  # torchrun ends all workers when one has died
        signal.signal(signal.SIGTERM, another_died)
    try:
        yield
    except KeyboardInterrupt:
        if not launched:
            console.note(f"Interrupted. {_more(folder)}.")
        raise SystemExit(console.INTERRUPTED) from None
    except WorkerError as error:  # whichever worker sees it says it
        if launched:
            raise SystemExit(launch.LEFT_ALONE) from None
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        console.be_silent(False)
        console.fail(f"worker {workers.number + 1} of {workers.count}: {error}; {_more(folder)}")


def _more(folder: Path) -> str:
    if not RunFolder(folder).exists():
        return f"Nothing had been written to {folder} yet"
    return f"--resume goes on after the last whole epoch in {folder}"
