"""What a technique declares, and how the techniques are found.

A technique is three files of one name: `crosscheck/specs/<name>.py` says what must hold,
`torch_impl/techniques/<name>.py` and `keras_impl/techniques/<name>.py` do it. Adding one edits no
existing file: every module in `crosscheck/specs` that defines `TECHNIQUE` is found.
"""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

import numpy as np

from crosscheck import specs
from crosscheck.errors import CrosscheckError
from crosscheck.layouts import Parameter, Weights

Loss = Literal["cross_entropy", "squared_error"]


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
        loss: cross entropy over class indices, or mean squared error against a target.
        refused_shapes: input shapes that both sides must refuse with an error.
    """

    name: str
    build: str
    arguments: Mapping[str, Any]
    in_arguments: Mapping[str, Any]
    input_shape: tuple[int, ...]
    parameters: Mapping[str, Parameter]
    expected_count: int
    loss: Loss
    refused_shapes: tuple[tuple[int, ...], ...]


# (case, weights, x, training) -> (output, buffers after the step). Pure numpy, float64.
Oracle = Callable[[Case, Mapping[str, np.ndarray], np.ndarray, bool], tuple[np.ndarray, Weights]]


@dataclass(frozen=True)
class Technique:
    """The contract of a technique.

    Attributes:
        name: also the name of its three files.
        title: one line for tables.
        source: article and paper.
        formula: what is computed.
        errata: what the article gets wrong, set right.
        cases: the models it is verified on.
        oracle: the independent numpy witness.
        mirror_exceptions: names that differ between the two files, with the reason.
    """

    name: str
    title: str
    source: str
    formula: str
    errata: tuple[str, ...]
    cases: tuple[Case, ...]
    oracle: Oracle
    mirror_exceptions: Mapping[str, str] = field(default_factory=dict)

    def case(self, name: str) -> Case:
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
    found = {}
    for module in pkgutil.iter_modules(specs.__path__):
        technique = importlib.import_module(f"{specs.__name__}.{module.name}").TECHNIQUE
        if technique.name != module.name:
            raise ValueError(f"specs/{module.name}.py declares a technique named {technique.name!r}")
        found[technique.name] = technique
    return found


def technique(name: str) -> Technique:
    """The technique of this name.

    Raises:
        CrosscheckError: there is none; the message lists those there are.
    """
    known = techniques()
    if name not in known:
        raise CrosscheckError(f"there is no technique {name!r}; there are: {', '.join(known)}")
    return known[name]
