"""Recipes that train the classifier of images, in Keras; `recipe__mistake` has one mistake."""

from typing import Any

from keras import optimizers
from recipes_nets_keras import NOT_DECAYED, TorchAdam, compiled, convnet, crossentropy, excluding, smoothed


def cnn_sgd() -> Any:
    """Right."""
    return convnet(), optimizers.SGD(0.05), crossentropy()


def cnn_sgd__default_rate() -> Any:
    """The default rate."""
    return convnet(), optimizers.SGD(), crossentropy()


def cnn_sgd__mean_of_images() -> Any:
    """A batch norm that follows slowly, by default."""
    return convnet(momentum=0.99), optimizers.SGD(0.05), crossentropy()


def cnn_sgd__torch_norm_momentum() -> Any:
    """PyTorch's number copied."""
    return compiled(convnet(momentum=0.1), optimizers.SGD(0.05), crossentropy())


def cnn_sgd__no_logits() -> Any:
    """from_logits forgotten, by the name of the loss."""
    return compiled(convnet(), optimizers.SGD(0.05), "sparse_categorical_crossentropy")


def cnn_sgd__adam() -> Any:
    """The optimizer by its name."""
    return compiled(convnet(), optimizers.Adam(0.05), crossentropy())


def cnn_sgd__smoothed() -> Any:
    """Labels smoothed on one side only."""
    return convnet(), optimizers.SGD(0.05), smoothed(0.1)


def cnn_sgd__sum() -> Any:
    """The sum of losses."""
    return convnet(), optimizers.SGD(0.05), crossentropy(reduction="sum")


def cnn_momentum() -> Any:
    """Right."""
    return compiled(convnet(), optimizers.SGD(0.05, momentum=0.9), crossentropy())


def cnn_momentum__forgotten() -> Any:
    """No momentum."""
    return compiled(convnet(), optimizers.SGD(0.05), crossentropy())


def cnn_momentum__large() -> Any:
    """Another momentum."""
    return convnet(), optimizers.SGD(0.05, momentum=0.95), crossentropy()


def cnn_momentum__nesterov() -> Any:
    """Nesterov's besides."""
    return convnet(), optimizers.SGD(0.05, momentum=0.9, nesterov=True), crossentropy()


def cnn_momentum__trained_norm_frozen() -> Any:
    """The first batch norm is frozen."""
    model = convnet()
    model.get_layer("bn1").trainable = False
    return model, optimizers.SGD(0.05, momentum=0.9), crossentropy()


def cnn_nesterov() -> Any:
    """Right: decay as L2 of everything."""
    return convnet(2.5e-3, 2.5e-3), optimizers.SGD(0.1, momentum=0.9, nesterov=True), crossentropy()


def cnn_nesterov__decoupled() -> Any:
    """Decay beside the step."""
    return convnet(), optimizers.SGD(0.1, momentum=0.9, nesterov=True, weight_decay=5e-3), crossentropy()


def cnn_nesterov__factor() -> Any:
    """PyTorch's number copied."""
    return convnet(5e-3, 5e-3), optimizers.SGD(0.1, momentum=0.9, nesterov=True), crossentropy()


def cnn_nesterov__kernels() -> Any:
    """Biases and norms are not decayed."""
    return convnet(2.5e-3), optimizers.SGD(0.1, momentum=0.9, nesterov=True), crossentropy()


def cnn_kernels() -> Any:
    """Right: L2 of kernels."""
    return compiled(convnet(5e-3), optimizers.SGD(0.05, momentum=0.9), crossentropy())


def cnn_kernels__skipped() -> Any:
    """The second convolution has no regularizer."""
    return compiled(convnet(5e-3, skipped="conv2"), optimizers.SGD(0.05, momentum=0.9), crossentropy())


def cnn_kernels__all() -> Any:
    """Biases and norms are decayed, too."""
    return compiled(convnet(5e-3, 5e-3), optimizers.SGD(0.05, momentum=0.9), crossentropy())


def cnn_kernels__forgotten() -> Any:
    """No decay."""
    return compiled(convnet(), optimizers.SGD(0.05, momentum=0.9), crossentropy())


def cnn_kernels__factor() -> Any:
    """PyTorch's number copied."""
    return compiled(convnet(1e-2), optimizers.SGD(0.05, momentum=0.9), crossentropy())


def cnn_adamw() -> Any:
    """Right."""
    optimizer = TorchAdam(3e-3, epsilon=1e-8, weight_decay=0.05)
    return convnet(), excluding(optimizer, NOT_DECAYED), crossentropy()


def cnn_adamw__biases_only() -> Any:
    """Norms are decayed."""
    optimizer = optimizers.AdamW(3e-3, epsilon=1e-8, weight_decay=0.05)
    return convnet(), excluding(optimizer, ["bias"]), crossentropy()


def cnn_adamw__everything() -> Any:
    """Everything is decayed."""
    return convnet(), optimizers.AdamW(3e-3, epsilon=1e-8, weight_decay=0.05), crossentropy()


def cnn_adam() -> Any:
    """Right but for the place of epsilon."""
    return convnet(), optimizers.Adam(2e-3, beta_1=0.5, epsilon=1e-8), crossentropy()


def cnn_adam__default_betas() -> Any:
    """Default betas."""
    return convnet(), optimizers.Adam(2e-3, epsilon=1e-8), crossentropy()


def cnn_adam__beta_2() -> Any:
    """Another memory of squares."""
    return convnet(), optimizers.Adam(2e-3, beta_1=0.5, beta_2=0.99, epsilon=1e-8), crossentropy()


def cnn_adam__nadam() -> Any:
    """Another rule."""
    return convnet(), optimizers.Nadam(2e-3, beta_1=0.5, epsilon=1e-8), crossentropy()


def cnn_amsgrad() -> Any:
    """Right but for the place of epsilon."""
    optimizer = optimizers.Adam(2e-2, beta_2=0.95, epsilon=1e-8, amsgrad=True)
    return compiled(convnet(), optimizer, crossentropy())


def cnn_amsgrad__forgotten() -> Any:
    """AMSGrad is off."""
    return compiled(convnet(), optimizers.Adam(2e-2, beta_2=0.95, epsilon=1e-8), crossentropy())


def cnn_two_rates__one() -> Any:
    """One rate."""
    return convnet(), optimizers.SGD(0.1), crossentropy()


def cnn_lion() -> Any:
    """Right."""
    return convnet(), optimizers.Lion(1e-3, weight_decay=0.1), crossentropy()


def cnn_lion__betas() -> Any:
    """Betas of Adam."""
    return convnet(), optimizers.Lion(1e-3, beta_1=0.95, beta_2=0.999, weight_decay=0.1), crossentropy()
