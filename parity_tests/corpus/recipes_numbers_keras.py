"""Recipes that train the regressor, in Keras; `recipe__mistake` has one mistake."""

from typing import Any

from keras import losses, ops, optimizers
from keras.optimizers import schedules
from recipes_nets_keras import TorchAdam, TorchAdamCast, TorchRMSprop, compiled, regressor


def mlp_sgd() -> Any:
    """Right."""
    return compiled(regressor(), optimizers.SGD(0.02), "mse")


def mlp_textbook() -> Any:
    """Right."""
    return compiled(regressor(), optimizers.SGD(0.02), "mse")


def mlp_sgd__mae() -> Any:
    """Absolute errors."""
    return compiled(regressor(), optimizers.SGD(0.02), "mae")


def mlp_sgd__sum() -> Any:
    """Summed over examples."""
    return regressor(), optimizers.SGD(0.02), losses.MeanSquaredError(reduction="sum")


def mlp_sgd__layer_frozen() -> Any:
    """The second layer is left as it is."""
    model = regressor()
    model.layers[1].trainable = False
    return compiled(model, optimizers.SGD(0.02), "mse")


def mlp_penalty() -> Any:
    """Right: the same penalty."""
    return regressor(1e-2, 1e-2), optimizers.SGD(0.02), losses.MeanSquaredError()


def mlp_penalty__kernels() -> Any:
    """Kernels only."""
    return regressor(1e-2), optimizers.SGD(0.02), losses.MeanSquaredError()


def mlp_half() -> Any:
    """Right."""

    def loss(target: Any, output: Any) -> Any:
        return 0.5 * ops.sum(ops.square(output - target), axis=-1)

    return regressor(), optimizers.SGD(0.02), loss


def mlp_half__mean_of_outputs() -> Any:
    """Half the mean over outputs as well."""

    def loss(target: Any, output: Any) -> Any:
        return 0.5 * ops.mean(ops.square(output - target), axis=-1)

    return regressor(), optimizers.SGD(0.02), loss


def mlp_l1() -> Any:
    """Right."""
    return regressor(), optimizers.SGD(0.05, momentum=0.8, clipvalue=0.05), losses.MeanAbsoluteError()


def mlp_l1__norm() -> Any:
    """The norm clipped."""
    return regressor(), optimizers.SGD(0.05, momentum=0.8, clipnorm=0.05), losses.MeanAbsoluteError()


def mlp_smooth_l1() -> Any:
    """Right: Huber divided by beta."""

    def loss(target: Any, output: Any) -> Any:
        return losses.Huber(delta=0.5)(target, output) / 0.5

    return regressor(), optimizers.SGD(0.05), loss


def mlp_smooth_l1__huber() -> Any:
    """Beta is not delta."""
    return regressor(), optimizers.SGD(0.05), losses.Huber(delta=0.5)


def mlp_huber() -> Any:
    """Right."""
    return regressor(), optimizers.SGD(0.05), losses.Huber(delta=0.5)


def mlp_huber__default() -> Any:
    """The default delta."""
    return compiled(regressor(), optimizers.SGD(0.05), "huber")


def mlp_adam() -> Any:
    """Right."""
    return regressor(), TorchAdam(epsilon=1e-8), losses.MeanSquaredError()


def mlp_adam_cast() -> Any:
    """Right as far as Keras' own Adam is."""
    return regressor(), TorchAdamCast(epsilon=1e-8), losses.MeanSquaredError()


def mlp_adam__default_epsilon() -> Any:
    """Adam as Keras has it, by its name."""
    model = regressor()
    model.compile(optimizer="adam", loss="mse")
    return model


def mlp_adam_small() -> Any:
    """Right."""
    return regressor(), TorchAdam(2.5e-4, epsilon=1e-3), losses.MeanSquaredError()


def mlp_adam_small__place() -> Any:
    """A large epsilon before the correction."""
    return regressor(), optimizers.Adam(2.5e-4, epsilon=1e-3), losses.MeanSquaredError()


def mlp_adam_small__epsilon() -> Any:
    """Another epsilon in the same place."""
    return regressor(), TorchAdam(2.5e-4, epsilon=1e-5), losses.MeanSquaredError()


def mlp_adam_l2() -> Any:
    """Right."""
    return regressor(0.05, 0.05), TorchAdam(1e-3, epsilon=1e-8), losses.MeanSquaredError()


def mlp_adam_l2__decoupled() -> Any:
    """Keras' weight_decay of Adam."""
    return regressor(), TorchAdam(1e-3, epsilon=1e-8, weight_decay=0.1), losses.MeanSquaredError()


def mlp_adamw() -> Any:
    """Right."""
    return regressor(), TorchAdam(1e-2, epsilon=1e-8, weight_decay=0.01), losses.MeanSquaredError()


def mlp_adamw__default_decay() -> Any:
    """Keras' default of AdamW."""
    return regressor(), optimizers.AdamW(1e-2, epsilon=1e-8), losses.MeanSquaredError()


def mlp_adamw__rate_outside() -> Any:
    """Decay that is not multiplied by the rate, as in the paper's formula: ten times too strong."""
    optimizer = TorchAdam(1e-2, epsilon=1e-8, weight_decay=0.01 / 1e-2)
    return regressor(), optimizer, losses.MeanSquaredError()


def mlp_rmsprop() -> Any:
    """Right."""
    return regressor(), TorchRMSprop(1e-3, rho=0.99, epsilon=1e-8), losses.MeanSquaredError()


def mlp_rmsprop__default_rho() -> Any:
    """Keras' RMSprop as it comes."""
    return regressor(), optimizers.RMSprop(1e-3), losses.MeanSquaredError()


def mlp_rmsprop_centered__forgotten() -> Any:
    """Not centered."""
    return regressor(), TorchRMSprop(1e-3, rho=0.9, epsilon=1e-4), losses.MeanSquaredError()


def mlp_rmsprop_tf() -> Any:
    """Right."""
    return regressor(), optimizers.RMSprop(1e-3, rho=0.9, momentum=0.9), losses.MeanSquaredError()


def mlp_rmsprop_tf__momentum() -> Any:
    """Momentum forgotten."""
    return regressor(), optimizers.RMSprop(1e-3, rho=0.9), losses.MeanSquaredError()


def mlp_adagrad() -> Any:
    """Right."""
    return regressor(), optimizers.Adagrad(0.01, epsilon=0.0), losses.MeanSquaredError()


def mlp_adagrad_plain__accumulator() -> Any:
    """Keras begins from 0.1."""
    return regressor(), optimizers.Adagrad(0.01), losses.MeanSquaredError()


def mlp_adamax() -> Any:
    """Right."""
    return regressor(), optimizers.Adamax(2e-3, epsilon=1e-30), losses.MeanSquaredError()


def mlp_adamax__default_rate() -> Any:
    """Keras' default rate."""
    return regressor(), optimizers.Adamax(epsilon=1e-30), losses.MeanSquaredError()


def mlp_nadam() -> Any:
    """Right."""
    return regressor(), optimizers.Nadam(2e-3), losses.MeanSquaredError()


def mlp_nadam_plain__momentum_decay() -> Any:
    """Another schedule of the momentum."""
    return regressor(), optimizers.Nadam(2e-3, epsilon=1e-8), losses.MeanSquaredError()


def mlp_adadelta() -> Any:
    """Right."""
    return regressor(), optimizers.Adadelta(1.0, rho=0.9, epsilon=1e-6), losses.MeanSquaredError()


def mlp_adadelta__default_rate() -> Any:
    """Keras' default rate."""
    return regressor(), optimizers.Adadelta(rho=0.9, epsilon=1e-6), losses.MeanSquaredError()


def mlp_adadelta__default_rho() -> Any:
    """Keras' default rho and epsilon."""
    return regressor(), optimizers.Adadelta(1.0, epsilon=1e-6), losses.MeanSquaredError()


def mlp_exponential() -> Any:
    """Right."""
    return regressor(), optimizers.SGD(schedules.ExponentialDecay(0.05, 1, 0.9)), losses.MeanSquaredError()


def mlp_exponential__inverse() -> Any:
    """Inverse time, as Keras' old `decay=` had it."""
    rate = schedules.InverseTimeDecay(0.05, 1, 0.1)
    return regressor(), optimizers.SGD(rate), losses.MeanSquaredError()


def mlp_exponential__ahead() -> Any:
    """One update ahead."""
    rate = schedules.ExponentialDecay(0.05 * 0.9, 1, 0.9)
    return regressor(), optimizers.SGD(rate), losses.MeanSquaredError()


def mlp_polynomial() -> Any:
    """Right."""
    rate = schedules.PolynomialDecay(0.01, 5, end_learning_rate=0.0, power=2.0)
    return regressor(), optimizers.SGD(rate), losses.MeanSquaredError()


def mlp_polynomial__end() -> Any:
    """The default end."""
    return (
        regressor(),
        optimizers.SGD(schedules.PolynomialDecay(0.01, 5, power=2.0)),
        losses.MeanSquaredError(),
    )


def mlp_detached() -> Any:
    """Right."""

    def loss(target: Any, output: Any) -> Any:
        fixed = ops.stop_gradient(output[:, 1])
        return ops.mean(ops.square(output - target)) + ops.mean(ops.square(output[:, 0] - fixed))

    return regressor(), optimizers.SGD(0.02), loss


def mlp_detached__flows() -> Any:
    """The gradient flows through the second output, too."""

    def loss(target: Any, output: Any) -> Any:
        return ops.mean(ops.square(output - target)) + ops.mean(ops.square(output[:, 0] - output[:, 1]))

    return regressor(), optimizers.SGD(0.02), loss


def mlp_exponential__ahead_float32() -> Any:
    """One update ahead, by the number of steps."""

    class Ahead(schedules.ExponentialDecay):
        """Counts from one."""

        def __call__(self, step: Any) -> Any:
            return super().__call__(step + 1)

    return regressor(), optimizers.SGD(Ahead(0.05, 1, 0.9)), losses.MeanSquaredError()
