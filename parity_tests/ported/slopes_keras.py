"""Ports of the nets in slopes_torch.py."""

import keras
from keras import layers


def _series(*shared: int) -> keras.Model:
    slopes = layers.PReLU(shared_axes=list(shared))
    return keras.Sequential([keras.Input((11, 5)), layers.Conv1D(8, 1), slopes, layers.Conv1D(4, 1)])


def series() -> keras.Model:
    """A slope a channel."""
    return _series(1)


def series_of_one() -> keras.Model:
    """One slope."""
    return _series(1, 2)


def series_of_elements() -> keras.Model:
    """A slope for each step and channel, as Keras has it unless it is told otherwise."""
    return _series()


def volumes() -> keras.Model:
    """A slope a channel."""
    slopes = layers.PReLU(shared_axes=[1, 2, 3])
    return keras.Sequential([keras.Input((4, 5, 6, 2)), layers.Conv3D(6, 2), slopes, layers.Conv3D(3, 1)])
