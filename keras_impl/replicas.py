"""The devices that share out every batch, and what a layer must know of them.

On jax it need know nothing: the compiler divides the computation on the whole batch among the devices.
On TensorFlow each replica runs the model on its own part, and what is to be taken over the whole batch
must be added up. Outside of training on several devices everything here does nothing.
"""

import importlib
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import keras
from keras import KerasTensor as Tensor

_scope: Callable[[], AbstractContextManager] = nullcontext
_synchronized = True


def start(scope: Callable[[], AbstractContextManager], synchronized: bool) -> None:
    """From now on, models are built and trained within this scope.

    Args:
        scope: gives a context in which variables belong to all devices.
        synchronized: whether batch norm takes its moments over the whole batch, and not over each part.
    """
    global _scope, _synchronized
    _scope, _synchronized = scope, synchronized


def scope() -> AbstractContextManager:
    """The context in which models are built and trained."""
    return _scope()


def count() -> int:
    """How many replicas run this very code, each on a part of the batch; 1 outside of them."""
    if keras.backend.backend() != "tensorflow" or _scope is nullcontext:
        return 1
    context = tensorflow().distribute.get_replica_context()
    return context.num_replicas_in_sync if context else 1


def total(value: Tensor) -> Tensor:
    """The sum of a value over the replicas; gradients flow through it."""
    if count() == 1:
        return value
    return tensorflow().distribute.get_replica_context().all_reduce("SUM", value)


def moment_total(value: Tensor) -> Tensor:
    """`total` of what batch norm adds up, if batch norm is synchronized; the value itself if it is not."""
    return total(value) if _synchronized else value


def tensorflow():
    """TensorFlow itself, for the little that Keras has no name for; only where it is the backend."""
    return importlib.import_module("tensorflow")
