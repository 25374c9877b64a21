"""What trains a model, in words that both frameworks share; read by `recipes.py` of either side."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np

from crosscheck.layouts import Weights

# Numbers nearer than this are one number that went through float32 somewhere.
SINGLE = 1e-7
# Rules that can be done again in PyTorch whatever its optimizer is.
FORMULAS = ("sgd", "adam", "nadam", "rmsprop", "adagrad", "adamax", "adadelta", "lion")
# The loss that Keras computes itself, from PyTorch's outputs.
THEIRS = "keras'"
# Losses that average over the last axis before anything else does, in Keras.
ELEMENTWISE = ("binary_cross_entropy", "squared_error", "absolute_error", "huber")
T = TypeVar("T")


@dataclass(frozen=True)
class Loss:
    """A loss.

    Attributes:
        kind: "cross_entropy", one of `ELEMENTWISE`, or "?" and a name if it is none of these: the user's own
            function is called then; `THEIRS` for Keras' loss whatever it is.
        reduction: "mean"; "sum"; "sum_of_means", over the last axis; "none".
        takes: of cross-entropies: "logits", "log_probabilities", "probabilities", or how Keras prepares
            probabilities: "clipped", "clipped_then_normalised", "normalised_then_clipped".
        label_smoothing: the share of the target that is spread evenly.
        delta: where Huber's loss becomes linear.
    """

    kind: str
    reduction: str = "mean"
    takes: str = "logits"
    label_smoothing: float = 0.0
    delta: float = 1.0

    @property
    def known(self) -> bool:
        """Whether these words say all."""
        return not self.kind.startswith("?") and self.kind != THEIRS


@dataclass(frozen=True)
class Rule:
    """What an optimizer makes of a gradient.

    Attributes:
        kind: one of `FORMULAS`; the name of the class where it is none of them.
        momentum: share of the old velocity.
        dampening: share of the gradient that is kept out of the velocity, from the second step on.
        nesterov: whether the step looks ahead.
        rate_inside: whether the velocity contains the learning rate, as in Keras.
        beta_1: weight of the old mean gradient.
        beta_2: weight of the old mean square; alpha or rho of RMSprop.
        power_1: beta_1 as it is raised to powers: Keras passes it through float32 there.
        power_2: the same for beta_2.
        epsilon: what keeps the divisor from zero.
        placement: "beside_corrected", the root of the corrected square; "beside", the root of the
            uncorrected one; "inside" the root.
        amsgrad: whether the largest mean square is taken.
        centered: whether the square of the mean is subtracted.
        start: what the sum of squares begins with, in Adagrad.
        momentum_decay: how fast Nadam's momentum approaches beta_1.
        written: the name of the class whose own code makes the step, where no formula is known to do the
            same: one of the user's, or one with settings that no word says.
        said: the numbers above that the optimizer has.
    """

    kind: str
    momentum: float = 0.0
    dampening: float = 0.0
    nesterov: bool = False
    rate_inside: bool = False
    beta_1: float = 0.0
    beta_2: float = 0.0
    power_1: float = 0.0
    power_2: float = 0.0
    epsilon: float = 0.0
    placement: str = "beside_corrected"
    amsgrad: bool = False
    centered: bool = False
    start: float = 0.0
    momentum_decay: float = 0.0
    written: str = ""
    said: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """As a user knows it."""
        return self.written or self.kind


@dataclass(frozen=True)
class Decay:
    """What pulls weights towards zero.

    Attributes:
        where: "coupled", added to the gradient after clipping; "decoupled", taken off the weight times the
            learning rate; "penalty", added to the gradient before clipping, as by a term of the loss; "own",
            as an optimizer with code of its own does it.
        rates: by parameter; a penalty of l |w|^2 has the rate 2 l. What is not pulled is not in it.
    """

    where: str = "coupled"
    rates: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Clipping:
    """How gradients are cut.

    Attributes:
        kind: "none", "global_norm", "variable_norm" or "value".
        limit: of the norm, or of each element.
        extra: what is added to the norm before it divides: 1e-6 in PyTorch.
    """

    kind: str = "none"
    limit: float = 0.0
    extra: float = 0.0


@dataclass(frozen=True)
class Recipe:
    """What trains a model; parameters by the names that both sides share.

    Attributes:
        loss: what the loss is, in words.
        rule: what the optimizer does with a gradient.
        rates: learning rate of each step, and of some more.
        apart: the same of parameters whose learning rates are others.
        momenta: momentum (beta_1 in Adam) of each step, and of some more, where a schedule changes it.
        decay: by the optimizer, or by penalties in the loss.
        penalty: rates of penalties in the loss besides, as in `Decay`.
        lasso: rates of penalties of absolute values: l |w| pulls by l towards zero.
        more_in_loss: whether the loss depends on the weights in yet another way.
        clipping: what is done to gradients before the optimizer sees them.
        parameters: everything that could be trained.
        trained: what is.
        still: moving means of the batch norms that use them, as frozen ones do in Keras.
        second_biases: whether the biases that are always added to another one are trained as well.
        sparse: tables of embeddings whose gradient is kept in parts, one for each place at which a row is
            looked up; Keras on TensorFlow squares and clips the parts, not their sum.
        unread: what there is besides that no field says.
    """

    loss: Loss
    rule: Rule
    rates: tuple[float, ...]
    decay: Decay
    penalty: Mapping[str, float]
    clipping: Clipping
    parameters: frozenset[str]
    trained: frozenset[str]
    still: frozenset[str] = frozenset()
    second_biases: bool = False
    sparse: frozenset[str] = frozenset()
    apart: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    momenta: tuple[float, ...] = ()
    lasso: Mapping[str, float] = field(default_factory=dict)
    more_in_loss: bool = False
    unread: tuple[str, ...] = ()


@dataclass(frozen=True)
class LossValue:
    """A loss at some output.

    Attributes:
        loss: its value.
        gradient: by the output.
    """

    loss: float
    gradient: np.ndarray


@dataclass(frozen=True)
class Steps:
    """A short course of training.

    Attributes:
        losses: of each step, without penalties.
        weights: before the first step and after each.
        penalties: of each step, in Keras.
        rates: of learning at each step, in PyTorch, where they may depend on the losses.
        output: of the model before the step that would come next, where that is asked for.
    """

    losses: tuple[float, ...]
    weights: tuple[Weights, ...]
    penalties: tuple[float, ...] = ()
    rates: tuple[float, ...] = ()
    output: np.ndarray | None = None


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal but for what float32 does to numbers."""
    if isinstance(one, float | int) and isinstance(other, float | int):
        return abs(one - other) <= SINGLE * abs(one)
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(value, other[name]) for name, value in one.items())
    return bool(one == other)


def settled(torch: Recipe, keras: Recipe) -> Recipe:
    """PyTorch's recipe with those differences taken out that nobody can help.

    Numbers that only float32 makes different become Keras' (0.9 is 0.89999998 there), and the 1e-6 that
    PyTorch adds to a norm goes.
    """
    clipping = _adopted(torch.clipping, keras.clipping)
    if clipping.kind == keras.clipping.kind:
        clipping = replace(clipping, extra=keras.clipping.extra)
    return replace(
        torch,
        loss=_adopted(torch.loss, keras.loss),
        rule=_adopted(torch.rule, keras.rule),
        rates=tuple(b if same(a, b) else a for a, b in zip(torch.rates, keras.rates, strict=False)),
        decay=replace(
            torch.decay, rates=_near(torch.decay.rates, dict(keras.penalty) | dict(keras.decay.rates))
        ),
        penalty=_near(torch.penalty, keras.penalty),
        lasso=_near(torch.lasso, keras.lasso),
        clipping=clipping,
    )


def said_by(kind: str) -> frozenset[str]:
    """The numbers that a rule in a formula has."""
    first, second = {"beta_1", "power_1"}, {"beta_2", "power_2"}
    momentum = {"momentum", "dampening", "nesterov"}
    adam = first | second | {"epsilon"}
    found = {
        "sgd": momentum,
        "adam": adam | {"amsgrad"},
        "nadam": adam | {"momentum_decay"},
        "rmsprop": {"momentum"} | second | {"epsilon", "centered"},
        "adagrad": {"epsilon", "start"},
        "adamax": adam,
        "adadelta": second | {"epsilon"},
        "lion": first | second,
    }
    return frozenset(found[kind])


def rule_at(recipe: Recipe, step: int) -> Rule:
    """The rule with the momentum of a step (from 0)."""
    if not recipe.momenta:
        return recipe.rule
    now = recipe.momenta[step]
    if "beta_1" in recipe.rule.said:
        return replace(recipe.rule, beta_1=now, power_1=now)
    return replace(recipe.rule, momentum=now)


def roundings(torch: Rule, keras: Rule) -> list[Callable[[Rule], Rule]]:
    """What float32 may make of a rule's numbers: it can only be tried where the code is the user's own."""
    if not torch.written and not keras.written:
        return [lambda rule: rule]
    return [_exact, _powers_rounded, _rounded]


def _exact(rule: Rule) -> Rule:
    return replace(rule, power_1=rule.beta_1, power_2=rule.beta_2)


def _powers_rounded(rule: Rule) -> Rule:
    return replace(rule, power_1=_single(rule.beta_1), power_2=_single(rule.beta_2))


def _rounded(rule: Rule) -> Rule:
    numbers = {name: _single(value) for name, value in vars(rule).items() if isinstance(value, float)}
    return replace(rule, **numbers)  # type: ignore[arg-type]


def _single(number: float) -> float:
    return float(np.float32(number))


def _adopted(torch: T, keras: T) -> T:
    """The one with the other's numbers where they are the same number."""
    own, other = vars(torch), vars(keras)
    close = {n: other[n] for n, value in own.items() if isinstance(value, float) and same(value, other[n])}
    return replace(torch, **close)  # type: ignore[type-var]


def _near(torch: Mapping[str, float], keras: Mapping[str, float]) -> dict[str, float]:
    return {n: keras[n] if n in keras and same(value, keras[n]) else value for n, value in torch.items()}
