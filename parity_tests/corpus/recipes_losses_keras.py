"""Schedules, clipping, losses and freezing of the classifier of images, in Keras."""

from typing import Any

from keras import losses, ops, optimizers
from keras.optimizers import schedules
from recipes_nets_keras import OneCycle, TorchSGD, compiled, convnet, crossentropy, smoothed, weighted


def cnn_steps() -> Any:
    """Right: an exponential with stairs."""
    rate = schedules.ExponentialDecay(0.1, 2, 0.1, staircase=True)
    return convnet(), optimizers.SGD(rate), crossentropy()


def cnn_steps__smooth() -> Any:
    """Without stairs."""
    return convnet(), optimizers.SGD(schedules.ExponentialDecay(0.1, 2, 0.1)), crossentropy()


def cnn_steps__boundaries() -> Any:
    """PyTorch's milestones as boundaries."""
    rate = schedules.PiecewiseConstantDecay([2, 4], [0.1, 0.01, 0.001])
    return convnet(), optimizers.SGD(rate), crossentropy()


def cnn_steps__constant() -> Any:
    """No schedule."""
    return convnet(), optimizers.SGD(0.1), crossentropy()


def cnn_steps__halved() -> Any:
    """Halved instead of divided by ten."""
    rate = schedules.PiecewiseConstantDecay([1, 3], [0.1, 0.05, 0.025])
    return convnet(), optimizers.SGD(rate), crossentropy()


def cnn_milestones() -> Any:
    """Right: momentum by the rate of now."""
    rate = schedules.PiecewiseConstantDecay([2], [0.1, 0.01])
    return convnet(), TorchSGD(rate, momentum=0.9), crossentropy()


def cnn_milestones__rate_inside() -> Any:
    """Keras' own momentum."""
    rate = schedules.PiecewiseConstantDecay([2], [0.1, 0.01])
    return convnet(), optimizers.SGD(rate, momentum=0.9), crossentropy()


def cnn_cosine() -> Any:
    """Right."""
    return convnet(), optimizers.SGD(schedules.CosineDecay(0.1, 6, alpha=0.1)), crossentropy()


def cnn_cosine__alpha() -> Any:
    """The least rate as a share."""
    return convnet(), optimizers.SGD(schedules.CosineDecay(0.1, 6, alpha=0.01)), crossentropy()


def cnn_cosine__shorter() -> Any:
    """One step shorter."""
    return convnet(), optimizers.SGD(schedules.CosineDecay(0.1, 5, alpha=0.1)), crossentropy()


def cnn_cosine__restarts() -> Any:
    """With restarts, after three updates and then twice as many."""
    return convnet(), optimizers.SGD(schedules.CosineDecayRestarts(0.1, 3, alpha=0.1)), crossentropy()


def cnn_onecycle() -> Any:
    """Right."""
    return convnet(), optimizers.SGD(OneCycle(0.2, 10)), crossentropy()


def cnn_onecycle__div() -> Any:
    """Begun from a tenth of the highest rate."""
    return convnet(), optimizers.SGD(OneCycle(0.2, 10, div=10.0)), crossentropy()


def cnn_onecycle_momentum__constant() -> Any:
    """Momentum does not cycle."""
    return convnet(), TorchSGD(OneCycle(0.2, 10), momentum=0.9), crossentropy()


def cnn_clipped() -> Any:
    """Right."""
    return convnet(), optimizers.SGD(0.1, momentum=0.9, global_clipnorm=0.25), crossentropy()


def cnn_clipped__each() -> Any:
    """Each variable by itself."""
    return convnet(), optimizers.SGD(0.1, momentum=0.9, clipnorm=0.25), crossentropy()


def cnn_clipped__value() -> Any:
    """Each element."""
    return compiled(convnet(), optimizers.SGD(0.1, momentum=0.9, clipvalue=0.25), crossentropy())


def cnn_clipped__forgotten() -> Any:
    """Not clipped."""
    return convnet(), optimizers.SGD(0.1, momentum=0.9), crossentropy()


def cnn_clipped__limit() -> Any:
    """Another limit."""
    return convnet(), optimizers.SGD(0.1, momentum=0.9, global_clipnorm=0.5), crossentropy()


def cnn_smoothed() -> Any:
    """Right."""
    return convnet(), optimizers.SGD(0.05), smoothed(0.1)


def cnn_smoothed__forgotten() -> Any:
    """Labels are not smoothed."""
    return compiled(convnet(), optimizers.SGD(0.05), crossentropy())


def cnn_smoothed__over_others() -> Any:
    """The share s goes to the other classes only."""

    def loss(target: Any, output: Any) -> Any:
        hot = ops.one_hot(ops.reshape(target, (-1,)), 7, dtype=output.dtype)
        soft = hot * 0.9 + (1 - hot) * 0.1 / 6
        return losses.CategoricalCrossentropy(from_logits=True)(soft, output)

    return convnet(), optimizers.SGD(0.05), loss


def cnn_weighted() -> Any:
    """Right."""
    return convnet(), optimizers.SGD(0.05), weighted(True)


def cnn_weighted__over_examples() -> Any:
    """The mean over examples."""
    return convnet(), optimizers.SGD(0.05), weighted(False)


def cnn_weighted__forgotten() -> Any:
    """Classes are not weighted."""
    return convnet(), optimizers.SGD(0.05), crossentropy()


def cnn_sum() -> Any:
    """Right."""
    return convnet(), optimizers.SGD(0.01), crossentropy(reduction="sum")


def cnn_sum__mean() -> Any:
    """The mean."""
    return convnet(), optimizers.SGD(0.01), crossentropy()


def cnn_nll() -> Any:
    """Right: softmax in the model."""
    return compiled(convnet(softmax=True), optimizers.SGD(0.05), "sparse_categorical_crossentropy")


def cnn_logits_of_softmax__once() -> Any:
    """The right loss, where PyTorch has softmax twice."""
    return compiled(convnet(softmax=True), optimizers.SGD(0.05), "sparse_categorical_crossentropy")


def cnn_finetuned() -> Any:
    """Right: kernel, bias, gamma and beta are frozen, batch moments are not."""
    model = convnet()
    model.get_layer("conv1").trainable = False
    for variable in (model.get_layer("bn1").gamma, model.get_layer("bn1").beta):
        variable.trainable = False
    return model, optimizers.SGD(0.05, momentum=0.9), crossentropy()


def cnn_finetuned__norm() -> Any:
    """The batch norm is frozen as a layer: it uses its running statistics."""
    model = convnet()
    model.get_layer("conv1").trainable = model.get_layer("bn1").trainable = False
    return model, optimizers.SGD(0.05, momentum=0.9), crossentropy()


def cnn_finetuned__norm_trained() -> Any:
    """Gamma and beta of the norm are trained."""
    model = convnet()
    model.get_layer("conv1").trainable = False
    return compiled(model, optimizers.SGD(0.05, momentum=0.9), crossentropy())


def cnn_onecycle_momentum__plain() -> Any:
    """Momentum does not cycle, and has the rate inside."""
    return convnet(), optimizers.SGD(OneCycle(0.2, 10), momentum=0.95), crossentropy()


def cnn_steps__epochs() -> Any:
    """Stepped half as often."""
    rate = schedules.ExponentialDecay(0.1, 4, 0.1, staircase=True)
    return convnet(), optimizers.SGD(rate), crossentropy()


def cnn_cosine__restarts_of_two() -> Any:
    """Restarts after two updates."""
    return (
        convnet(),
        optimizers.SGD(schedules.CosineDecayRestarts(0.1, 2, t_mul=1.0, alpha=0.1)),
        crossentropy(),
    )
