"""What Keras layers that go over a signal, an image or a volume do; see `kinds.describe`."""

from collections.abc import Callable
from typing import Any

import keras
from keras import layers

from crosscheck.dataflow import Step
from crosscheck.ports.program import Own
from keras_impl.expansions import Depthwise, Pointwise
from keras_impl.functional import as_pairs

# A kind, its settings, and the layer's own variables by role.
Description = tuple[str, dict[str, Any], dict[str, Own]]


def held(layer: keras.Layer, kind: str, *roles: str) -> dict[str, Own]:
    """The variables that the layer has, of those that it may have."""
    return {role: Own(role, f"{kind}.{role}") for role in roles if getattr(layer, role, None) is not None}


def plain(kind: str, **settings: str) -> Callable[[keras.Layer, Step], Description]:
    """A kind without tensors, and its settings by the layer's own names."""

    def describe(layer: keras.Layer, step: Step) -> Description:
        return kind, {name: getattr(layer, own) for name, own in settings.items()}, {}

    return describe


def _pairs(padding: str, step: Step, kernel: Any, strides: Any, dilation: Any) -> Any:
    shape = keras.tree.flatten(step.arguments)[0].shape
    first = getattr(step.called, "data_format", "channels_last") == "channels_first"
    return as_pairs(padding, shape[2:] if first else shape[1:-1], kernel, strides, dilation)


def _conv(layer: Any, step: Step) -> Description:
    kind = f"conv{len(layer.kernel_size)}d"
    if layer.groups > 1 and layer.kernel.shape[-2] == 1 and len(layer.kernel_size) < 3:
        return _depthwise(layer, step)  # a group for each channel
    settings = _window(layer, step) | {"groups": layer.groups}
    return kind, settings, held(layer, kind, "kernel", "bias")


def _depthwise(layer: Any, step: Step) -> Description:
    kind = f"depthwise_conv{len(layer.kernel_size)}d"
    return kind, _window(layer, step), held(layer, kind, "kernel", "bias")


def _window(layer: Any, step: Step) -> dict[str, Any]:
    dilation = tuple(layer.dilation_rate)
    return {
        "strides": tuple(layer.strides),
        "padding": _pairs(layer.padding, step, layer.kernel_size, layer.strides, dilation),
        "padding_mode": "zeros",
        "dilation": dilation,
    }


def _transposed(layer: Any, step: Step) -> Description:
    kind = f"conv{len(layer.kernel_size)}d_transpose"
    crop = []
    for k, s, d in zip(layer.kernel_size, layer.strides, layer.dilation_rate, strict=True):
        reach = d * (k - 1) + 1
        # PORT: "same" gives input x stride, cut mostly off the end; PyTorch cuts equally off both ends.
        total = reach - s if layer.padding == "same" else min(0, reach - s)
        crop.append((max(0, total) // 2, total - max(0, total) // 2))
    settings = {
        "strides": tuple(layer.strides),
        "crop": tuple(crop),
        "dilation": tuple(layer.dilation_rate),
        "groups": 1,
    }
    return kind, settings, held(layer, kind, "kernel", "bias")


def half(part: Depthwise | Pointwise, step: Step) -> Description:
    """Either half of a separable convolution."""
    layer = part.owner
    rank = len(layer.kernel_size)
    if isinstance(part, Depthwise):
        return (
            f"depthwise_conv{rank}d",
            _window(layer, step),
            {"kernel": Own("depthwise_kernel", f"depthwise_conv{rank}d.kernel")},
        )
    own = {"kernel": Own("pointwise_kernel", f"conv{rank}d.kernel")}
    if layer.bias is not None:
        own["bias"] = Own("bias", f"conv{rank}d.bias")
    one, none = (1,) * rank, ((0, 0),) * rank
    window = {"strides": one, "padding": none, "padding_mode": "zeros", "dilation": one, "groups": 1}
    return f"conv{rank}d", window, own


def _pool(kind: str) -> Callable[[Any, Step], Description]:
    def describe_pool(layer: Any, step: Step) -> Description:
        size = tuple(layer.pool_size)
        settings = {
            "size": size,
            "strides": tuple(layer.strides),
            "padding": _pairs(layer.padding, step, size, layer.strides, (1,) * len(size)),
            "ceil": False,
        }
        if kind == "avg_pool":
            settings["padding_counts"] = False
        return kind, settings, {}

    return describe_pool


def _global(kind: str) -> Callable[[Any, Step], Description]:
    return plain(f"global_{kind}", keepdims="keepdims")


def _adaptive(kind: str) -> Callable[[Any, Step], Description]:
    def describe_adaptive(layer: Any, step: Step) -> Description:
        size = tuple(layer.output_size)
        whole = all(n == 1 for n in size)
        return (
            (f"global_{kind}", {"keepdims": True}, {}) if whole else (f"adaptive_{kind}", {"size": size}, {})
        )

    return describe_adaptive


def _resize(layer: Any, step: Step) -> Description:
    scale = layer.size if isinstance(layer.size, tuple) else (layer.size,)
    mode = getattr(layer, "interpolation", "nearest")
    return "resize", {"scale": tuple(scale), "mode": mode, "aligned": False}, {}


def _resized(layer: layers.Resizing, step: Step) -> Description:
    size = (layer.height, layer.width)
    return "resize", {"size": size, "mode": layer.interpolation, "aligned": False}, {}


def _sides(kind: str, setting: str, own: str) -> Callable[[Any, Step], Description]:
    def describe_sides(layer: Any, step: Step) -> Description:
        given = getattr(layer, own)
        pairs = given if isinstance(given[0], tuple | list) else (given,)
        return kind, {setting: tuple(tuple(pair) for pair in pairs)}, {}

    return describe_sides


WINDOWS = {
    (layers.DepthwiseConv1D, layers.DepthwiseConv2D): _depthwise,
    (layers.Conv1DTranspose, layers.Conv2DTranspose, layers.Conv3DTranspose): _transposed,
    (layers.Conv1D, layers.Conv2D, layers.Conv3D): _conv,
    (layers.MaxPooling1D, layers.MaxPooling2D, layers.MaxPooling3D): _pool("max_pool"),
    (layers.AveragePooling1D, layers.AveragePooling2D, layers.AveragePooling3D): _pool("avg_pool"),
    (
        layers.GlobalAveragePooling1D,
        layers.GlobalAveragePooling2D,
        layers.GlobalAveragePooling3D,
    ): _global("avg_pool"),
    (layers.GlobalMaxPooling1D, layers.GlobalMaxPooling2D, layers.GlobalMaxPooling3D): _global("max_pool"),
    (
        layers.AdaptiveAveragePooling1D,
        layers.AdaptiveAveragePooling2D,
        layers.AdaptiveAveragePooling3D,
    ): _adaptive("avg_pool"),
    (layers.AdaptiveMaxPooling1D, layers.AdaptiveMaxPooling2D, layers.AdaptiveMaxPooling3D): _adaptive(
        "max_pool"
    ),
    (layers.UpSampling1D, layers.UpSampling2D, layers.UpSampling3D): _resize,
    layers.Resizing: _resized,
    (layers.ZeroPadding1D, layers.ZeroPadding2D, layers.ZeroPadding3D): _sides("pad", "padding", "padding"),
    (layers.Cropping1D, layers.Cropping2D, layers.Cropping3D): _sides("crop", "crop", "cropping"),
}
