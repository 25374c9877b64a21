"""Execution modes, and what the frameworks are known not to do in them."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner

from crosscheck import modes
from crosscheck.cli import main
from crosscheck.compare import Comparison, failed
from crosscheck.errors import CrosscheckError
from crosscheck.sides import Both, Sides, open_sides
from crosscheck.technique import Update, technique
from crosscheck.verification import checks, limitations
from crosscheck.verification.limitations import Limitation, known, marked, not_met, summary
from crosscheck.verification.rows import Row, failures
from crosscheck.verification.trajectory import Course
from crosscheck.verification.verify import on_the_table, verify, without_mode

Results = dict[str, np.ndarray]

LIMITATION = Limitation(
    name="loses-digits",
    framework="keras on torch",
    modes=("", "eager"),
    dtypes=("float64",),
    cases="dense/.*",
    checks="output.*",
    kind="imprecise",
    what="Multiplies matrices in float32.",
    since={"keras": "3.15.1"},
    at_most=1e8,
)
REFUSAL = replace(
    LIMITATION, name="refuses", kind="refused", at_most=0.0, message="not implemented", checks=".*"
)
ROW = Row(
    "dense", "plain", "output/torch-keras", "float64", "torch", "cpu", Comparison("different", 1e-7, 1e-14)
)


def test_a_failure_within_a_limitation_is_no_failure_and_no_pass() -> None:
    row = marked(ROW, [LIMITATION])
    assert (row.comparison.verdict, row.passed, failures([row])) == ("limited", False, [])
    assert summary([row]) == [
        "known limitation in 1 of 1 checks: loses-digits: Multiplies matrices in float32."
    ]
    assert not_met([row], [LIMITATION]) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"technique": "conv"},
        {"check": "gradient/kernel"},
        {"dtype": "float32"},
        {"backend": "jax"},
        {"comparison": Comparison("different", 1e-5, 1e-14)},  # farther off than the limitation is
        {"comparison": Comparison("nan", float("nan"), 0.0)},
        {"comparison": failed("shapes differ")},
        {"check": "output/torch-oracle"},  # judges PyTorch alone
    ],
)
def test_what_a_limitation_does_not_explain_still_fails(changes: dict[str, object]) -> None:
    row = marked(replace(ROW, **changes), [LIMITATION])  # type: ignore[arg-type]
    assert failures([row]) == [row]


def test_a_refusal_is_known_by_its_message() -> None:
    refused = replace(ROW, comparison=failed("NotImplementedError('this is not implemented')"))
    assert failures([marked(refused, [REFUSAL])]) == []
    other = replace(ROW, comparison=failed("ValueError('shapes')"))
    assert failures([marked(other, [REFUSAL])]) == [other]


def test_an_unexpected_success_is_told() -> None:
    passed = replace(ROW, comparison=Comparison("equal", 0.0, 0.0))
    assert not_met([passed], [LIMITATION]) == [LIMITATION]
    assert not_met([replace(passed, backend="jax")], [LIMITATION]) == []  # not looked for


def test_the_registry_is_whole() -> None:
    assert len({one.name for one in known()}) == len(known())
    for one in known():
        assert one.what.endswith(".")
        assert one.current(one.since)
        assert not one.until or not one.current({**one.since, **one.until})
    with pytest.raises(CrosscheckError, match="no such framework"):
        replace(LIMITATION, framework="keras")
    with pytest.raises(CrosscheckError, match="imprecise needs at_most"):
        replace(LIMITATION, at_most=0.0)
    with pytest.raises(CrosscheckError, match="since which versions"):
        replace(LIMITATION, since={})


@pytest.mark.parametrize(
    ("installed", "current"),
    [
        ({"keras": "3.15.1"}, True),
        ({"keras": "3.15.1", "torch": "9"}, True),
        ({"keras": "3.16"}, True),
        ({"keras": "3.15.1+cu128"}, True),
        ({"keras": "3.15.1rc0"}, True),
        ({"keras": "3.15.1", "python": "3.12.1+"}, True),
        ({"keras": "3.9.2"}, False),  # earlier, though not by its letters
        ({}, False),
        ({"keras": "4.0"}, False),  # mended
    ],
)
def test_a_limitation_is_one_of_some_versions(installed: dict[str, str], current: bool) -> None:
    assert replace(LIMITATION, until={"keras": "4.0"}).current(installed) is current


def test_the_registry_says_what_is_refused() -> None:
    page = limitations.page()
    for refusal in modes.REFUSALS:
        assert f"| {refusal.framework} | {refusal.mode or 'any'} | {refusal.where} |" in page


@pytest.mark.parametrize(
    ("side", "backend", "device", "mode", "workers", "complaint"),
    [
        ("torch", "torch", "cpu", "xla", 1, "torch has no mode 'xla'; it has: eager, compile"),
        ("keras", "jax", "cpu", "graph", 1, "keras on jax has no mode 'graph'"),
        ("keras", "torch", "cpu", "compile", 1, "keras on torch has no mode 'compile'"),
        ("keras", "tensorflow", "cuda", "xla", 1, "deterministic operations"),
        ("keras", "tensorflow", "cpu", "xla", 2, "several workers"),
        ("torch", "torch", "cpu", "compile", 2, "several workers"),
    ],
)
def test_modes_that_there_are_not(
    side: str, backend: str, device: str, mode: str, workers: int, complaint: str
) -> None:
    with pytest.raises(CrosscheckError, match=complaint):
        modes.require(side, backend, device, mode, workers)


# A net with a convolution, batch norm and pooling; jax without compiling takes minutes for that one.
@pytest.mark.parametrize(
    ("backend", "both", "name", "case"),
    [
        ("tensorflow", ("compile", "xla"), "cifar_cnn", "small_bn_before"),
        ("tensorflow", ("eager", "graph"), "cifar_cnn", "small_bn_before"),
        ("torch", ("", "eager"), "cifar_cnn", "small_bn_before"),
        ("jax", ("", "eager"), "prelu", "channel"),
    ],
)
def test_every_mode_is_equal_or_limited(
    backend: str, both: tuple[str, str], name: str, case: str, course: Course
) -> None:
    with open_sides(backend, timeout=300, modes=both) as sides:
        rows = list(verify([technique(name)], sides, ["float64"], course, [case]))
    kinds = {row.check.partition("/")[0] for row in rows}
    assert {"output", "loss", "input_gradient", "gradient", "finite_difference"} <= kinds
    assert not {"parameter_count", "round_trip", "refuses"} & kinds  # these execute no model
    assert failures(rows) == []
    assert {row.modes for row in rows} == {both}


def test_what_no_mode_changes_is_left_out_under_one(course: Course) -> None:
    """A row that says "compile" has been compiled."""
    by_itself, asked = (SimpleNamespace(modes=both) for both in (("", ""), ("compile", "xla")))
    optimizers = technique("weight_decay")
    (function, *_) = technique("one_hot").cases
    with_net = next(case for case in optimizers.cases if isinstance(case, Update) and case.net)
    for sides, counts in ((by_itself, (2, 2)), (asked, (0, 1))):
        chosen = (
            on_the_table(found, case, sides, course, 0)[1]  # type: ignore[arg-type]
            for found, case in ((technique("one_hot"), function), (optimizers, with_net))
        )
        assert tuple(map(len, chosen)) == counts
    assert without_mode([technique("one_hot")], [function.name]) == 1
    assert without_mode([technique("split_linear")], ["layer"]) == 0
    command = ["verify", "one_hot", "--case", function.name, "--torch-mode", "compile", "--jobs", "1"]
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 2
    assert "nothing to verify; a mode is of models" in result.output


def test_mixed_precision_is_compared_by_a_policy_of_its_own(sides: Sides, course: Course) -> None:
    for name, case, limited in (("cifar_cnn", "small_residual", set()), ("prelu", "layer", {"rounds/torch"})):
        rows = list(verify([technique(name)], sides, [modes.MIXED], course, [case]))
        assert {"output/torch-keras", "gradient/keras-float64", "rounds/keras"} <= {row.check for row in rows}
        assert failures(rows) == []
        assert {row.check for row in rows if row.comparison.verdict == "limited"} == limited


class Stub:
    """Made-up results of a subject: float64, and mixed precision; others for later draws, if told."""

    def __init__(self, exact: Results, rough: Both, *later: Both) -> None:
        self.case = SimpleNamespace(no_gradient=())
        self.exact, self.draws = Both(exact, exact), (rough, *later)

    def results(self, dtype: str) -> Both:
        return self.exact if dtype == "float64" else self.draws[0]

    def drawn_anew(self, later: int) -> "Stub":
        return Stub(self.exact.torch, self.draws[min(later // 1_000, len(self.draws) - 1)])


def failing(stub: Stub) -> set[str]:
    found = dict(checks.mixed_precision(stub, modes.MIXED))  # type: ignore[arg-type]
    return {name for name, comparison in found.items() if not comparison.passed}


def test_one_wrong_gradient_is_seen_in_mixed_precision() -> None:
    """Among all gradients together it is not: the other is ten times as large."""
    generator = np.random.default_rng(0)
    exact = {
        "gradient/large": 10 * generator.normal(size=100),
        "gradient/small": generator.normal(size=(10, 10)),
    }
    rough = {name: value * (1 + 0.01 * generator.normal(size=value.shape)) for name, value in exact.items()}
    for wrong in (0.0, 2.0, rough["gradient/small"].T, rough["gradient/small"]):
        small = wrong if isinstance(wrong, np.ndarray) else wrong * rough["gradient/small"]
        found = failing(Stub(exact, Both(rough, rough | {"gradient/small": small})))
        assert found - {"gradient/torch-keras"} == (
            set() if wrong is rough["gradient/small"] else {"gradient/small/keras-float64"}
        )


def outputs(torch: float, keras: float) -> tuple[Results, Both]:
    """An output, and each side's with errors of a given size."""
    generator = np.random.default_rng(0)
    value = generator.normal(size=100)
    rough = (value + size * generator.normal(size=100) for size in (torch, keras))
    return {"output": value}, Both(*({"output": one} for one in rough))


@pytest.mark.parametrize(
    ("torch", "keras", "wrong"),
    [
        (0.01, 0.02, set()),
        (1e-7, 0.01, {"rounds/torch"}),  # float32 all the same
        (0.01, 0.2, {"output/torch-keras"}),  # much less exact than the other
        (0.7, 0.7, {"output/torch-float64", "output/keras-float64"}),  # neither is worth anything
    ],
)
def test_mixed_precision_can_fail(torch: float, keras: float, wrong: set[str]) -> None:
    assert failing(Stub(*outputs(torch, keras))) == wrong


def test_chance_in_one_of_three_draws_is_forgiven_in_two_it_is_not() -> None:
    (exact, apart), (_, near) = outputs(0.01, 0.2), outputs(0.01, 0.02)
    assert failing(Stub(exact, apart, near, near)) == set()
    for later in ((apart, near), (near, apart)):
        assert failing(Stub(exact, apart, *later)) == {"output/torch-keras"}
