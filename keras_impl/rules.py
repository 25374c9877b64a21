"""What a user's Keras optimizer makes of a gradient, in words."""

import keras
from keras import ops

from crosscheck.ports.recipe import Rule, said_by

RULES = {
    "SGD": "sgd",
    "Adam": "adam",
    "AdamW": "adam",
    "Nadam": "nadam",
    "RMSprop": "rmsprop",
    "Adagrad": "adagrad",
    "Adamax": "adamax",
    "Adadelta": "adadelta",
    "Lion": "lion",
}
# What makes a step of a class of optimizers.
CODE = ("update_step", "apply", "apply_gradients", "_backend_update_step")
# Attributes of users' own optimizers, and what they are called in words.
NUMBERS = {
    **{n: n for n in ("momentum", "nesterov", "beta_1", "beta_2", "epsilon", "amsgrad", "centered")},
    "rho": "beta_2",
}


def effective(number: float) -> float:
    """What becomes of a hyper-parameter: on some backends it goes through float32, even in float64."""
    return float(ops.convert_to_numpy(ops.cast(number, "float64")))


def read_rule(optimizer: keras.Optimizer) -> tuple[Rule, list[str]]:
    """What the optimizer does, and what of it no word says."""
    unread = ["gradient_accumulation_steps"] if optimizer.gradient_accumulation_steps else []
    unread += ["use_ema"] if optimizer.use_ema and optimizer.ema_overwrite_frequency else []
    unread += ["an optimizer that has taken steps"] if int(ops.convert_to_numpy(optimizer.iterations)) else []
    family = _family(optimizer)
    if family is None or any(getattr(type(optimizer), n) is not getattr(family, n) for n in CODE):
        return _own_rule(optimizer, family), unread
    kind = RULES[family.__name__]
    first, second = (float(getattr(optimizer, n, 0.0)) for n in ("beta_1", "beta_2"))
    if kind in ("rmsprop", "adadelta"):
        second = float(optimizer.rho)
    powers = effective(first), effective(second)
    # PORT: some of Keras' rules pass a number through float32, even in float64, and others do not.
    through = kind in ("nadam", "lion")
    places = {"adam": "beside", "adamax": "behind", "rmsprop": "inside", "adagrad": "inside"}
    momentum = float(getattr(optimizer, "momentum", 0.0))
    rule = Rule(
        kind,
        momentum=effective(momentum) if kind == "sgd" else momentum,
        nesterov=bool(getattr(optimizer, "nesterov", False)),
        rate_inside=kind in ("sgd", "rmsprop") and momentum > 0,
        beta_1=powers[0] if through else first,
        beta_2=powers[1] if through else second,
        power_1=powers[0],
        power_2=powers[1],
        epsilon=float(getattr(optimizer, "epsilon", 0.0)),
        placement=places.get(kind, "beside_corrected"),
        amsgrad=bool(getattr(optimizer, "amsgrad", False)),
        centered=bool(getattr(optimizer, "centered", False)),
        start=effective(float(getattr(optimizer, "initial_accumulator_value", 0.0))),
        momentum_decay=1.0 if kind == "nadam" else 0.0,
        said=said_by(kind),
    )
    return rule, unread


def _family(optimizer: keras.Optimizer) -> type | None:
    """Keras' class that an optimizer is of, or is made from.

    On some backends Keras makes a subclass of its own.
    """
    classes = [c for c in type(optimizer).__mro__ if c.__module__.startswith("keras.")]
    return next((c for c in classes if c.__name__ in RULES), None)


def _own_rule(optimizer: keras.Optimizer, family: type | None) -> Rule:
    """The numbers of an optimizer whose code is the user's, or of no known kind."""
    name = type(optimizer).__name__
    numbers = {
        word: value if isinstance(value, bool) else float(value)
        for attribute, word in NUMBERS.items()
        if isinstance(value := getattr(optimizer, attribute, None), bool | int | float)
    }
    if "beta_2" in numbers:
        numbers |= {"power_1": numbers.get("beta_1", 0.0), "power_2": numbers["beta_2"]}
    kind = RULES[family.__name__] if family else name
    return Rule(kind, **numbers, written=name, said=frozenset(numbers) | {"dampening"})
