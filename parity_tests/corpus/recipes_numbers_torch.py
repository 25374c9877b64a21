"""Recipes that train the regressor, in PyTorch."""

from typing import Any

import torch.nn.functional as F
from recipes_nets_torch import Regressor, RMSpropTF, Textbook
from torch import Tensor, nn, optim
from torch.optim import lr_scheduler


def mlp_sgd() -> Any:
    """Mean squared error."""
    model = Regressor()
    return model, optim.SGD(model.parameters(), lr=0.02), nn.MSELoss()


def mlp_textbook() -> Any:
    """Gradient descent of a textbook."""
    model = Regressor()
    return model, Textbook(model.parameters(), lr=0.02), nn.MSELoss()


def mlp_penalty() -> Any:
    """A penalty on all parameters, added to the loss by hand."""
    model = Regressor()

    def loss(output: Tensor, target: Tensor) -> Tensor:
        return F.mse_loss(output, target) + 1e-2 * sum(p.pow(2).sum() for p in model.parameters())

    return model, optim.SGD(model.parameters(), lr=0.02), loss


def mlp_half() -> Any:
    """Half the squared error, summed over outputs and averaged over examples."""
    model = Regressor()

    def loss(output: Tensor, target: Tensor) -> Tensor:
        return 0.5 * (output - target).pow(2).sum(1).mean()

    return model, optim.SGD(model.parameters(), lr=0.02), loss


def mlp_l1() -> Any:
    """Mean absolute error, values clipped."""
    model = Regressor()
    optimizer = optim.SGD(model.parameters(), lr=0.05, momentum=0.8)
    return {"model": model, "optimizer": optimizer, "loss": nn.L1Loss(), "clip_value": 0.05}


def mlp_smooth_l1() -> Any:
    """Smooth L1 with beta."""
    model = Regressor()
    return model, optim.SGD(model.parameters(), lr=0.05), nn.SmoothL1Loss(beta=0.5)


def mlp_huber() -> Any:
    """Huber with delta."""
    model = Regressor()
    return model, optim.SGD(model.parameters(), lr=0.05), nn.HuberLoss(delta=0.5)


def mlp_adam() -> Any:
    """Adam as it comes."""
    model = Regressor()
    return model, optim.Adam(model.parameters()), nn.MSELoss()


def mlp_adam_small() -> Any:
    """Adam with the large epsilon of reinforcement learning."""
    model = Regressor()
    return model, optim.Adam(model.parameters(), lr=2.5e-4, eps=1e-3), nn.MSELoss()


def mlp_adam_l2() -> Any:
    """Adam with coupled decay."""
    model = Regressor()
    return model, optim.Adam(model.parameters(), lr=1e-3, weight_decay=0.1), nn.MSELoss()


def mlp_adamw() -> Any:
    """AdamW with its default decay."""
    model = Regressor()
    return model, optim.AdamW(model.parameters(), lr=1e-2), nn.MSELoss()


def mlp_rmsprop() -> Any:
    """RMSprop as it comes."""
    model = Regressor()
    return model, optim.RMSprop(model.parameters(), lr=1e-3), nn.MSELoss()


def mlp_rmsprop_centered() -> Any:
    """RMSprop, centered."""
    model = Regressor()
    optimizer = optim.RMSprop(model.parameters(), lr=1e-3, alpha=0.9, eps=1e-4, centered=True)
    return model, optimizer, nn.MSELoss()


def mlp_rmsprop_tf() -> Any:
    """RMSprop as TensorFlow has it, with momentum."""
    model = Regressor()
    return model, RMSpropTF(model.parameters(), lr=1e-3, momentum=0.9), nn.MSELoss()


def mlp_adagrad() -> Any:
    """Adagrad begun from 0.1."""
    model = Regressor()
    optimizer = optim.Adagrad(model.parameters(), lr=0.01, initial_accumulator_value=0.1, eps=0.0)
    return model, optimizer, nn.MSELoss()


def mlp_adagrad_plain() -> Any:
    """Adagrad as it comes."""
    model = Regressor()
    return model, optim.Adagrad(model.parameters(), lr=0.01), nn.MSELoss()


def mlp_adamax() -> Any:
    """Adamax."""
    model = Regressor()
    return model, optim.Adamax(model.parameters(), lr=2e-3, eps=1e-30), nn.MSELoss()


def mlp_nadam() -> Any:
    """NAdam with the momentum of Keras' Nadam."""
    model = Regressor()
    return model, optim.NAdam(model.parameters(), lr=2e-3, momentum_decay=1.0, eps=1e-7), nn.MSELoss()


def mlp_nadam_plain() -> Any:
    """NAdam as it comes."""
    model = Regressor()
    return model, optim.NAdam(model.parameters(), lr=2e-3), nn.MSELoss()


def mlp_adadelta() -> Any:
    """Adadelta as it comes."""
    model = Regressor()
    return model, optim.Adadelta(model.parameters()), nn.MSELoss()


def mlp_exponential() -> Any:
    """The rate falls by a tenth at every update."""
    model = Regressor()
    optimizer = optim.SGD(model.parameters(), lr=0.05)
    schedule = lr_scheduler.ExponentialLR(optimizer, gamma=0.9)
    return {"model": model, "optimizer": optimizer, "loss": nn.MSELoss(), "scheduler": schedule}


def mlp_polynomial() -> Any:
    """The rate falls to zero along a square."""
    model = Regressor()
    optimizer = optim.SGD(model.parameters(), lr=0.01)
    schedule = lr_scheduler.PolynomialLR(optimizer, total_iters=5, power=2.0)
    return {"model": model, "optimizer": optimizer, "loss": nn.MSELoss(), "scheduler": schedule}


def mlp_detached() -> Any:
    """A loss whose second term is a constant target."""
    model = Regressor()

    def loss(output: Tensor, target: Tensor) -> Tensor:
        return F.mse_loss(output, target) + F.mse_loss(output[:, 0], output[:, 1].detach())

    return model, optim.SGD(model.parameters(), lr=0.02), loss
