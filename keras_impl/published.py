"""Published nets as keras.applications builds them, with weights as after training; nothing is downloaded."""

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import applications, layers

from crosscheck import timing
from crosscheck.cost import LayerCost
from crosscheck.folding import Folding
from crosscheck.layouts import Weights
from keras_impl import adapter
from keras_impl.techniques.bn_folding import fold
from keras_impl.techniques.time_complexity import layer_costs

NETS = {"ResNet50": applications.ResNet50, "MobileNetV2": applications.MobileNetV2}


def published(name: str, dtype: str, seed: int = 0, size: int = 64) -> keras.Model:
    """A published net; kernels and statistics are random, as after training."""
    keras.utils.clear_session()
    adapter.use_precision(dtype)
    model = NETS[name](weights=None, input_shape=(size, size, 3), classifier_activation=None)
    generator = np.random.default_rng(seed)
    for variable in model.variables:
        shape = variable.shape
        if len(shape) > 1:
            fan_in = np.prod(shape[:2]) if "depthwise" in variable.path else np.prod(shape[:-1])
            drawn = generator.normal(0, (2 / fan_in) ** 0.5, shape)
        elif variable.name in ("moving_variance", "gamma"):
            drawn = generator.uniform(0.5, 1.5, shape)
        else:
            drawn = generator.normal(0, 0.3, shape)
        variable.assign(drawn)
    return model


def net(source: tuple[str, ...], dtype: str, weights: Weights) -> keras.Model:
    """A published net by its name, or a technique's case with these weights."""
    return published(*source, dtype) if len(source) == 1 else adapter.model_with(*source, dtype, weights)


def folded(
    source: tuple[str, ...],
    dtype: str,
    weights: Weights,
    x: np.ndarray,
    changes: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    """Fold a net, and say what its output is before and after.

    Args:
        source: see `net`.
        dtype: "float32" or "float64".
        weights: see `net`.
        x: images (B, H, W, C).
        changes: "epsilon": of all batch norms from the start; "mistaken_epsilon": what folding takes it for.
    """
    changes = changes or {}
    model = net(source, dtype, weights)
    images = keras.ops.convert_to_tensor(x.astype(dtype))
    _set_epsilon(model, changes.get("epsilon"))
    before = adapter.array(model(images))
    _set_epsilon(model, changes.get("mistaken_epsilon"))
    folding: Folding = fold(model, images)
    after = adapter.array(folding.model(images))
    return {
        "before": before,
        "after": after,
        "pairs": len(folding.folded),
        "left": len(_norms(folding.model)),
        **folding.facts(),
    }


def speeds(
    sources: list[tuple[tuple[str, ...], Weights, np.ndarray]], rounds: int
) -> dict[str, list[list[float]]]:
    """Seconds that each net takes, as it is and folded, float32; one after the other, round by round."""
    found = {}
    for source, weights, x in sources:
        # `build` clears the session, so that a net is measured before the next one is built.
        model, images = net(source, "float32", weights), x.astype("float32")
        pair = [
            lambda model=model, images=images: model.predict_on_batch(images)
            for model in (model, fold(model, keras.ops.convert_to_tensor(images)).model)
        ]
        found[" ".join(source)] = timing.alternating(pair, rounds)
    return found


def published_costs(name: str, size: int) -> list[LayerCost]:
    """What each layer of a published net costs on an image of a size; nothing is computed."""
    model = published(name, "float32", size=size)
    return layer_costs(model, keras.KerasTensor((1, size, size, 3)))


def _norms(model: keras.Model) -> list[keras.Layer]:
    return [layer for layer in model._flatten_layers() if isinstance(layer, layers.BatchNormalization)]


def _set_epsilon(model: keras.Model, epsilon: float | None) -> None:
    for norm in _norms(model):
        norm.epsilon = norm.epsilon if epsilon is None else epsilon
