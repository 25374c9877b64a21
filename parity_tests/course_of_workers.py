"""A short course on some workers, in a process of its own: `torchrun` starts several of them.

python -m parity_tests.course_of_workers SIDE BACKEND WORKERS CASE OPTIMIZER WHOLE|LOCAL DTYPE FILE
"""

import gc
import importlib
import os
import sys
import weakref

import numpy as np

from crosscheck.environment import framework_environment
from crosscheck.modes import stored
from crosscheck.optimizers import SGD, Adam
from crosscheck.parameters import initial_weights
from crosscheck.technique import technique
from crosscheck.training.workers import Workers, world

OPTIMIZERS = {
    "adam": Adam(0.001),
    "clip": SGD(2**-6, momentum=0.875, global_norm=0.5),
    "decay": SGD(2**-6, momentum=0.875, weight_decay=2**-6),
}
# The last ones are smaller than the others: not to be divided by two, and fewer than there are workers.
SIZES = (8, 8, 8, 7, 1)


def main(
    side: str, backend: str, count: int, case: str, optimizer: str, moments: str, dtype: str, file: str
) -> None:
    """Train, and write the losses, hits and weights of the first worker to a file."""
    number, started = world() if side == "torch" else (0, 1)
    team = Workers(count, number, 1 if side == "torch" else count, moments == "whole")
    assert side == "keras" or started == count
    # A batch norm of a worker's own needs images of its own.
    sizes = SIZES if team.synchronized else SIZES[:-1]
    os.environ.update(framework_environment(backend, "cpu", 1, team.local, min(sizes) < count))
    adapter = importlib.import_module(f"{side}_impl.adapter")
    trainer_class = importlib.import_module(f"{side}_impl.training").Trainer
    if count > 1:
        parallel = importlib.import_module(f"{side}_impl.parallel")
        parallel.start(team, "cpu")
        trainer_class = parallel.trainer_class(team)
    adapter.configure("cpu", "graph" if backend == "tensorflow" else "")
    model = technique("cifar_cnn").model(case)
    weights = {n: w.astype(stored(dtype)) for n, w in initial_weights(dict(model.parameters), 0).items()}
    trainer = trainer_class("cifar_cnn", case, dtype, OPTIMIZERS[optimizer], weights, 1)
    generator = np.random.default_rng(0)
    losses, hits, given = [], [], []
    shares = shares_on_jax(trainer.model) if backend == "jax" else []
    for size in sizes:
        x = generator.normal(size=(1, size, *model.input_shape[1:])).astype(stored(dtype))
        given.append(weakref.ref(x))
        loss, right = trainer.train(x, generator.integers(0, 10, (1, size)))
        losses.append(loss)
        hits.append(right)
    del x
    gc.collect()
    results = {"kept": sum(batch() is not None for batch in given), "shares": list(shares)}
    predicted = trainer.predict(generator.normal(size=(5, *model.input_shape[1:])).astype(stored(dtype)))
    results |= {"losses": np.concatenate(losses), "hits": np.concatenate(hits), "predicted": predicted}
    results |= {f"weight/{name}": value for name, value in trainer.weights().items()}
    results |= {f"state/{name}": value for name, value in trainer.optimizer_state().items()}
    if not number:
        np.savez(file, **results)
    if count > 1:
        parallel.end()


def shares_on_jax(model) -> list[int]:
    """A list that will hold how many images of each batch a device was given, first come first."""
    import jax

    call, found = model.call, []

    def watched(x, **options):
        jax.debug.inspect_array_sharding(x, callback=lambda seen: found.append(seen.shard_shape(x.shape)[0]))
        return call(x, **options)

    model.call = watched
    return found


if __name__ == "__main__":
    side, backend, count, *others = sys.argv[1:]
    main(side, backend, int(count), *others)
