"""The checks of one case in one precision; each yields findings: what was compared, and how it ended."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from crosscheck import layouts
from crosscheck.compare import Comparison, compare, compare_count, failed, holds, middle
from crosscheck.verification import allowance
from crosscheck.verification.rows import Finding
from crosscheck.verification.subject import Subject

# Less than this, relative to the largest, is no rounding of bfloat16.
TOO_EXACT = 2.0**-14


def parameter_count(subject: Subject, dtype: str) -> Iterator[Finding]:
    """The published number of trainable parameters: what the contract adds up to, and either side."""
    expected = subject.case.expected_count
    yield "parameter_count/contract", compare_count(layouts.count(subject.parameters), expected)
    found = subject.sides.both("adapter:trainable_count", *subject.name, dtype)
    yield "parameter_count/torch", compare_count(found.torch, expected)
    yield "parameter_count/keras", compare_count(found.keras, expected)


def output(subject: Subject, dtype: str) -> Iterator[Finding]:
    """The output in either mode and the loss: both sides against the oracle, and against each other."""
    torch, keras = subject.results(dtype)
    oracle = {
        "output": subject.oracle_output(training=False),
        "output/training": subject.oracle_output(training=True),
        "loss": np.array(subject.oracle_loss(subject.weights, subject.x)),
    }
    for name, expected in oracle.items():
        allowed = allowance.by_sums(dtype, expected, *subject.sensitivities(name))
        for side, results in (("torch", torch), ("keras", keras)):
            if results[name].dtype != dtype:
                yield f"{name}/{side}-oracle", failed(f"computed in {results[name].dtype}")
            else:
                # Widened: the oracle's own float64 is what a float32 result is judged by.
                actual = results[name].astype(np.float64)
                yield f"{name}/{side}-oracle", compare(actual, expected, allowed)
        yield between_sides(subject, dtype, name)


def gradients(subject: Subject, dtype: str) -> Iterator[Finding]:
    """The gradient of the input and of every parameter, against each other."""
    yield between_sides(subject, dtype, "input_gradient")
    for name, parameter in subject.parameters.items():
        if name in subject.case.no_gradient:
            yield from _nothing_but_rounding(subject, dtype, name)
        elif parameter.trainable:
            yield between_sides(subject, dtype, f"gradient/{name}")


def buffers(subject: Subject, dtype: str) -> Iterator[Finding]:
    """The buffers after a pass in training mode: how many, and each against oracle and other side."""
    expected = [name for name, parameter in subject.parameters.items() if not parameter.trainable]
    for side, results in zip(("torch", "keras"), subject.results(dtype), strict=True):
        found = [name for name in results if name.startswith("buffer/")]
        yield f"buffer_count/{side}", compare_count(len(found), len(expected))
    oracle = subject.oracle_buffers()
    for name in expected:
        key = f"buffer/{name}"
        allowed = allowance.by_sums(dtype, oracle[name], *subject.sensitivities(key))
        for side, results in zip(("torch", "keras"), subject.results(dtype), strict=True):
            yield f"{key}/{side}-oracle", compare(results[key].astype(np.float64), oracle[name], allowed)
        yield between_sides(subject, dtype, key)


def round_trip(subject: Subject, dtype: str) -> Iterator[Finding]:
    """Weights through one side into the other, in memory and through a file: not a bit may change."""
    weights = {name: array.astype(dtype) for name, array in subject.weights.items()}
    case = (*subject.name, dtype)
    for first, second in (("torch", "keras"), ("keras", "torch")):
        there, back = getattr(subject.sides, first), getattr(subject.sides, second)
        passed = there.call(f"{first}_impl.adapter:round_trip", *case, weights)
        arrived = back.call(f"{second}_impl.adapter:round_trip", *case, passed)
        yield f"round_trip/{first}-{second}/memory", _same(arrived, weights)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "weights.safetensors"
            there.call(f"{first}_impl.adapter:save", *case, weights, path)
            arrived = back.call(f"{second}_impl.adapter:read", *case, path)
        yield f"round_trip/{first}-{second}/file", _same(arrived, weights)


def refusals(subject: Subject, dtype: str) -> Iterator[Finding]:
    """Inputs of a wrong shape must be refused, not silently taken for something else."""
    shapes = subject.case.refused_shapes
    found = subject.sides.both("adapter:refusals", *subject.name, dtype, shapes)
    for side, errors in zip(("torch", "keras"), found, strict=True):
        for shape, error in zip(shapes, errors, strict=True):
            yield f"refuses/{side}/{'x'.join(map(str, shape))}", holds(bool(error), "it was taken")


def between_sides(subject: Subject, dtype: str, name: str) -> Finding:
    """One result of both sides, against each other."""
    check = f"{name}/torch-keras"
    torch, keras = subject.results(dtype)
    if name not in torch or name not in keras:
        absent = "torch" if name not in torch else "keras"
        return check, failed(f"{absent} gives no such result")
    if torch[name].dtype != dtype:
        return check, failed(f"torch computed in {torch[name].dtype}")
    exact = subject.results("float64")
    allowed = allowance.by_sums(dtype, exact.torch[name], *subject.sensitivities(name))
    if dtype == "float32":
        allowed = subject.float32_allowance(name)
    return check, compare(torch[name], keras[name], allowed)


def mixed_precision(subject: Subject, dtype: str) -> Iterator[Finding]:
    """Mixed bfloat16 against float64, and side against side: outputs, loss, and all gradients as one.

    Element by element says nothing: with 8 bits many maxima tie, and each tie sends a gradient elsewhere.
    Of a single tensor no more is asked than that it is not missing, doubled or another: what is less shows
    in float64. A side that computes in float32 all the same is found out by being too exact.

    A tie may also set one side apart at once; so where something differs two other draws are looked at, and
    the middle one of the three counts: chance seldom strikes twice, a wrong port strikes every time.
    """
    draws = [dict(_mixed_precision(subject, dtype))]
    if any(found.verdict == "different" for found in draws[0].values()):
        draws += [dict(_mixed_precision(subject.drawn_anew(1_000 * n), dtype)) for n in (1, 2)]
    for name in draws[0]:
        yield name, middle([draw[name] for draw in draws if name in draw])


def _mixed_precision(subject: Subject, dtype: str) -> Iterator[Finding]:
    left_out, of_both = subject.case.no_gradient, [subject.results(one) for one in ("float64", dtype)]
    exact, rough = ([_by_kind(side, left_out) for side in results] for results in of_both)
    for name, value in of_both[0].torch.items():
        kind, _, rest = name.partition("/")
        size = float(np.linalg.norm(value))
        if rest and rest not in left_out and size:
            for side, results in of_both[1]._asdict().items():
                error = float(np.linalg.norm(results[name].astype(np.float64) - value))
                yield f"{name}/{side}-float64", _as_a_whole(error, allowance.BFLOAT16_TENSOR * size)
    for kind, value in exact[0].items():
        size = float(np.linalg.norm(value))
        errors = [float(np.linalg.norm(side[kind] - value)) for side in rough]
        for side, error in zip(("torch", "keras"), errors, strict=True):
            yield f"{kind}/{side}-float64", _as_a_whole(error, allowance.BFLOAT16_LOSS * size)
            if kind == "output":
                found = error / size
                message = f"{found:.1e} off: it was not computed in bfloat16"
                yield f"rounds/{side}", holds(found > TOO_EXACT, message)
        apart = float(np.linalg.norm(rough[0][kind] - rough[1][kind]))
        allowed = allowance.BFLOAT16_FACTOR * (min(errors) + allowance.BFLOAT16_EPS * size)
        yield f"{kind}/torch-keras", _as_a_whole(apart, allowed)


def _by_kind(results: dict[str, np.ndarray], left_out: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Results by the first part of their names, flat, in one array each."""
    parts: dict[str, list[np.ndarray]] = {}
    for name in sorted(results):
        kind, _, rest = name.partition("/")
        if rest not in left_out:
            parts.setdefault(kind, []).append(results[name].astype(np.float64).ravel())
    return {kind: np.concatenate(flat) for kind, flat in parts.items()}


def _as_a_whole(error: float, allowed: float) -> Comparison:
    return compare(np.array(error), np.array(0.0), float(allowed))


def _nothing_but_rounding(subject: Subject, dtype: str, name: str) -> Iterator[Finding]:
    """A gradient that is 0 by construction: what is summed up to it is as large as for its kernel's."""
    beside = f"gradient/{name.rpartition('.')[0]}.kernel"
    for side, found in zip(("torch", "keras"), subject.results(dtype), strict=True):
        size = np.abs(subject.results("float64").torch[beside]).max()
        allowed = allowance.FLOAT64_FACTOR * np.finfo(dtype).eps * size
        gradient = found[f"gradient/{name}"]
        yield f"gradient/{name}/{side}-zero", compare(gradient, np.zeros_like(gradient), allowed)


def _same(arrived: layouts.Weights, sent: layouts.Weights) -> Comparison:
    if arrived.keys() != sent.keys():
        return failed("other tensors came back than were sent")
    flat = [np.concatenate([weights[name].ravel() for name in sent]) for weights in (arrived, sent)]
    return compare(flat[0], flat[1])
