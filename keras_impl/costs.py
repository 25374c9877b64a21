"""Counting and timing nets of stages; called in Keras' own process."""

import keras
import numpy as np

from crosscheck import timing
from crosscheck.cost import LayerCost
from keras_impl import adapter
from keras_impl.techniques.time_complexity import StagedNet, layer_costs

Stages = tuple[tuple[int, tuple[int, ...], int, int], ...]


def staged_net_costs(stages: Stages, size: tuple[int, int]) -> list[LayerCost]:
    """The costs of such a net's layers on images of a size; nothing is computed."""
    model, images = _built(stages, (1, *size, 3))
    return layer_costs(model, images)


def staged_net_seconds(nets: list[Stages], x: np.ndarray, rounds: int) -> list[list[float]]:
    """Seconds that each net takes for the images x (B, H, W, 3), round by round."""
    adapter.use_precision("float32")
    models = [_built(stages, x.shape)[0] for stages in nets]
    return timing.alternating([lambda model=model: model.predict_on_batch(x) for model in models], rounds)


def _built(stages: Stages, shape: tuple[int, ...]) -> tuple[StagedNet, keras.KerasTensor]:
    model, images = StagedNet(stages), keras.KerasTensor(shape, keras.config.floatx())
    model(images)
    return model, images
