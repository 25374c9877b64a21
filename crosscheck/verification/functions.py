"""The checks of a function: results of both sides against the oracle and each other, and refusals."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np

from crosscheck.compare import Comparison, compare, failed, holds
from crosscheck.layouts import Weights
from crosscheck.parameters import trained_like_weights
from crosscheck.sides import Both, Sides
from crosscheck.technique import Arrays, Call, Technique, technique
from crosscheck.verification import allowance
from crosscheck.verification.rows import Finding
from crosscheck.verification.witnesses import Point, Witnesses, exact


class Called(Witnesses):
    """A function under verification; arguments as for `Witnesses`."""

    def __init__(self, technique: Technique, case: Call, sides: Sides, seed: int = 0) -> None:
        super().__init__(technique, case, sides, seed)
        self.case = case
        self.perturbed = case.perturbed

    @cached_property
    def weights(self) -> Weights:
        """Of the model the function is called with; empty if there is none."""
        if not self.case.model:
            return {}
        name, case = self.case.model
        return trained_like_weights(dict(technique(name).model(case).parameters), self.seed)

    @cached_property
    def inputs(self) -> Arrays:
        """The arrays it is called with."""
        drawn = self.case.inputs(self.generator("input"))
        return {name: exact(a) if a.dtype.kind == "f" else a for name, a in drawn.items()}

    def point(self) -> Point:
        """The weights and the arrays."""
        return self.weights, self.inputs

    def ask(self, dtype: str, points: list[Point]) -> Both:
        """What both sides return, see `call` in their functions.py."""
        return self.sides.both("functions:call", *self.name, dtype, points)

    @cached_property
    def oracle(self) -> dict[str, np.ndarray]:
        """What numpy says, in float64."""
        weights = {"weights": self.weights} if self.case.model else {}
        found = self.case.oracle(**weights, **self.inputs, **self.case.arguments)
        return {name: np.asarray(value) for name, value in found.items()}


def results(subject: Called, dtype: str) -> Iterator[Finding]:
    """Every result: both sides against the oracle, and against each other."""
    both = subject.results(dtype)
    if both.torch.keys() != both.keras.keys():
        odd = ", ".join(sorted(both.torch.keys() ^ both.keras.keys()))
        yield "result", failed(f"only one side gives {odd}")
        return
    missing = subject.oracle.keys() - both.torch.keys()
    if missing:
        yield "result", failed(f"neither side gives {', '.join(sorted(missing))}")
    for name in both.torch:
        if name in subject.oracle:
            for side, found in zip(("torch", "keras"), both, strict=True):
                yield f"result/{name}/{side}-oracle", _against_oracle(subject, dtype, name, found[name])
        yield f"result/{name}/torch-keras", _between(subject, dtype, name)


def refusals(subject: Called, dtype: str) -> Iterator[Finding]:
    """Bad arguments must be refused with an error that says what is wrong, in whatever precision."""
    if dtype != "float64":
        return
    found = subject.sides.both("functions:call_refusals", *subject.name, dtype, subject.point())
    for side, errors in zip(("torch", "keras"), found, strict=True):
        for changes, error in zip(subject.case.refused, errors, strict=True):
            yield f"refuses/{side}/{_named(changes)}", holds(bool(error), "it was taken")


def _against_oracle(subject: Called, dtype: str, name: str, actual: np.ndarray) -> Comparison:
    expected = subject.oracle[name]
    if actual.dtype.kind != "f" or expected.dtype.kind != "f":
        return compare(actual, expected)
    if actual.dtype != dtype:
        return failed(f"computed in {actual.dtype}")
    return compare(actual.astype(np.float64), expected, _allowed(subject, dtype, name, expected))


def _between(subject: Called, dtype: str, name: str) -> Comparison:
    torch, keras = (side[name] for side in subject.results(dtype))
    if torch.dtype.kind != "f":
        return compare(torch, keras)
    if torch.dtype != dtype:
        return failed(f"torch computed in {torch.dtype}")
    fine = subject.results("float64")
    allowed = _allowed(subject, dtype, name, fine.torch[name])
    if dtype == "float32" and name not in subject.case.within:
        allowed = subject.float32_allowance(name)
    return compare(torch, keras, allowed)


def _allowed(subject: Called, dtype: str, name: str, value: np.ndarray) -> np.ndarray:
    if name in subject.case.within:
        share = subject.case.within[name] * np.finfo(dtype).eps / np.finfo(np.float64).eps
        # Of the typical value where an element is smaller: by luck, and so no more exact.
        return share * allowance.with_typical(np.abs(value))
    return allowance.by_sums(dtype, value, *subject.sensitivities(name))


def _named(changes: Any) -> str:
    return ",".join(f"{name}={_short(value)}" for name, value in changes.items())


def _short(value: Any) -> str:
    return "x".join(map(str, value.shape)) if isinstance(value, np.ndarray) else str(value)
