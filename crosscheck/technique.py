"""What a technique declares, and how the techniques are found.

A technique is three files of one name: `crosscheck/specs/<name>.py` says what must hold,
`torch_impl/techniques/<name>.py` and `keras_impl/techniques/<name>.py` do it. Adding one edits no
existing file: every module in `crosscheck/specs` that defines `TECHNIQUE` is found.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cache
from typing import Any, ClassVar

import numpy as np

from crosscheck import registry, specs
from crosscheck.errors import CrosscheckError
from crosscheck.layouts import Parameter, Weights
from crosscheck.optimizers import SGD, Optimizer

# What trajectories run with unless the case says otherwise.
DEFAULT_OPTIMIZER = SGD(learning_rate=0.01, momentum=0.9)

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Case:
    """One model built with the technique, and what must be true of it.

    Attributes:
        name: unique within the technique.
        build: name of the class that both implementation files define.
        arguments: constructor arguments, the same on both sides.
        in_arguments: the leading `in_*` sizes that PyTorch must be told and Keras infers.
        input_shape: batch first, channels last, for example (3, 32, 32, 3).
        parameters: every tensor the model holds, by neutral name.
        expected_count: the published number of trainable parameters.
        loss: "cross_entropy" over class indices, "squared_error" against a target, or the name of a
            function of (output, labels) that both implementation files define.
        refused_shapes: input shapes that both sides must refuse with an error.
        optimizer: of the trajectory.
        zeros: share of the input's elements that are exactly 0.
        loss_oracle: the numpy witness of a loss of the technique's own.
        classes: how many there are, for such a loss.
        counted_only: too large for more than counting its parameters.
        no_gradient: parameters whose gradient is 0 by construction and, computed, nothing but rounding:
            biases just before a batch norm, which takes them away again.
        trains: whether it is a net to be trained, whose trajectory is compared; a layer alone is none.
    """

    name: str
    build: str
    arguments: Mapping[str, Any]
    in_arguments: Mapping[str, Any]
    input_shape: tuple[int, ...]
    parameters: Mapping[str, Parameter]
    expected_count: int
    loss: str
    refused_shapes: tuple[tuple[int, ...], ...]
    optimizer: Optimizer = DEFAULT_OPTIMIZER
    zeros: float = 0.0
    loss_oracle: Callable[[np.ndarray, np.ndarray], float] | None = None
    classes: int = 0
    counted_only: bool = False
    no_gradient: tuple[str, ...] = ()
    trains: bool = True

    kind: ClassVar[str] = "model"

    def row(self) -> tuple[str, str, str, str]:
        """What stands for it in tables: built by, arguments, input, parameters."""
        shape = " x ".join(map(str, self.input_shape))
        return self.build, listed(self.arguments), shape, f"{self.expected_count:,}"


@dataclass(frozen=True)
class Call:
    """A function of the technique, called with arrays, and what it must return.

    Attributes:
        name: unique within the technique.
        function: name of the function that both implementation files define. It returns tensors,
            numbers or strings by name.
        inputs: draws the arrays it is called with, by argument; 4-D arrays are images, channels last.
        arguments: its other arguments, the same on both sides.
        oracle: what numpy says to the same arguments (and to `weights`, if there is a model); it may
            leave out results that only the sides can give.
        refused: changes to the arguments that both sides must refuse with an error.
        model: technique and case of a model that, loaded with weights, is the first argument.
        perturbed: whether the results move smoothly with the inputs, so that allowances can be
            measured; otherwise only exact results and those named in `within` may be given.
        dtypes: the precisions in which it is checked.
        within: results judged by a relative tolerance of their own in float64 (of an element, or of the
            tensor's median where that is larger), with the reason in the spec beside it; for results of
            long computations.
    """

    name: str
    function: str
    inputs: Callable[[np.random.Generator], Arrays]
    arguments: Mapping[str, Any]
    oracle: Callable[..., Mapping[str, Any]]
    refused: tuple[Mapping[str, Any], ...]
    model: tuple[str, str] | None = None
    perturbed: bool = True
    within: Mapping[str, float] = field(default_factory=dict)
    dtypes: tuple[str, ...] = ("float64", "float32")

    kind: ClassVar[str] = "function"

    def row(self) -> tuple[str, str, str, str]:
        """What stands for it in tables: the function, arguments, the model it is given, parameters."""
        return f"{self.function}()", listed(self.arguments), "/".join(self.model or ()), ""


@dataclass(frozen=True)
class Update:
    """An optimizer: what it makes of given gradients, and of a net.

    Attributes:
        name: unique within the technique.
        optimizer: with its hyper-parameters.
        parameters: plain tensors that it is shown; their kinds decide what decays.
        net: technique and case of a model whose trajectory under it is compared, if any.
        steps: how many gradients are given.
    """

    name: str
    optimizer: Optimizer
    parameters: Mapping[str, Parameter]
    net: tuple[str, str] | None = None
    steps: int = 12

    kind: ClassVar[str] = "optimizer"

    def row(self) -> tuple[str, str, str, str]:
        """What stands for it in tables: the rule, hyper-parameters, the net it trains, parameters."""
        facts = self.optimizer.facts()
        return facts.pop("name"), listed(facts), "/".join(self.net or ()), ""


AnyCase = Case | Call | Update


def listed(arguments: Mapping[str, Any]) -> str:
    """Arguments as one reads them in a table."""
    return ", ".join(f"{name}={_shown(value)}" for name, value in arguments.items())


def _shown(value: Any) -> str:
    """A value as one reads it: floats without the digits of their rounding, data with what is not default."""
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, Optimizer):
        facts = value.facts()
        return f"{facts.pop('name')}({listed(facts)})"
    if is_dataclass(value) and not isinstance(value, type):
        plain = type(value)()
        changed = {f.name: getattr(value, f.name) for f in fields(value)}
        different = {name: one for name, one in changed.items() if one != getattr(plain, name)}
        return f"{type(value).__name__}({listed(different)})"
    return str(value)


# (case, weights, x, training) -> (output, buffers after the step). Pure numpy, float64.
Oracle = Callable[[Case, Mapping[str, np.ndarray], np.ndarray, bool], tuple[np.ndarray, Weights]]


def no_model(
    case: Case, weights: Mapping[str, np.ndarray], x: np.ndarray, training: bool
) -> tuple[np.ndarray, Weights]:
    """The oracle of a technique that has no models of its own."""
    raise CrosscheckError(f"case {case.name}: this technique has no model")


@dataclass(frozen=True)
class Technique:
    """The contract of a technique.

    Attributes:
        name: also the name of its three files.
        title: one line for tables.
        article: number of the article, or "-".
        source: article and paper, in full.
        formula: what is computed.
        errata: what the article gets wrong, set right.
        cases: the models, functions and optimizers it is verified on.
        oracle: the independent numpy witness of its models.
        mirror_exceptions: names that differ between the two files, with the reason.
    """

    name: str
    title: str
    article: str
    source: str
    formula: str
    errata: tuple[str, ...]
    cases: tuple[AnyCase, ...]
    oracle: Oracle = no_model
    mirror_exceptions: Mapping[str, str] = field(default_factory=dict)

    @property
    def models(self) -> tuple[Case, ...]:
        """The cases that are models."""
        return tuple(case for case in self.cases if isinstance(case, Case))

    def model(self, name: str) -> Case:
        """The model of this name.

        Raises:
            CrosscheckError: there is none; the message lists the cases there are.
        """
        case = self.case(name)
        if not isinstance(case, Case):
            raise CrosscheckError(f"{self.name}/{name} is no model but a case of kind {case.kind!r}")
        return case

    def function(self, name: str) -> Call:
        """The function of this name.

        Raises:
            CrosscheckError: there is none; the message lists the cases there are.
        """
        case = self.case(name)
        if not isinstance(case, Call):
            raise CrosscheckError(f"{self.name}/{name} is no function but a case of kind {case.kind!r}")
        return case

    def case(self, name: str) -> AnyCase:
        """The case of this name.

        Raises:
            CrosscheckError: there is none; the message lists those there are.
        """
        for case in self.cases:
            if case.name == name:
                return case
        known = ", ".join(case.name for case in self.cases)
        raise CrosscheckError(f"{self.name} has no case {name!r}; it has: {known}")


@cache
def techniques() -> dict[str, Technique]:
    """Every technique in `crosscheck/specs`, by name."""
    found: dict[str, Technique] = registry.declared(specs, "TECHNIQUE")
    for module, technique in found.items():
        if technique.name != module:
            raise ValueError(f"specs/{module}.py declares a technique named {technique.name!r}")
    return found


def technique(name: str) -> Technique:
    """The technique of this name.

    Raises:
        CrosscheckError: there is none; the message lists those there are.
    """
    return registry.lookup(techniques(), "technique", name)
