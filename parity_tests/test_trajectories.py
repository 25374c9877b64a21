"""What trajectories rest on: each begins where it is told to, and optimizers keep to their own state."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from crosscheck.data import batches, dataset
from crosscheck.errors import CallError
from crosscheck.optimizers import SGD, Adam, Optimizer
from crosscheck.parameters import initial_weights
from crosscheck.recipes.recipe import recipe
from crosscheck.sides import Both, Sides
from crosscheck.technique import technique
from crosscheck.training import results_page, trajectories
from crosscheck.verification import trajectory

NET = ("cifar_cnn", "small")
USED = "used_by_twins"


@pytest.mark.parametrize("optimizer", [SGD(0.05, momentum=0.9, l2=0.01), Adam(0.01, weight_decay=0.01)])
def test_every_start_is_its_own(optimizer: Optimizer, sides: Sides) -> None:
    """An optimizer that takes the weights for a part of its state puts the old ones back when restored."""
    case = technique(NET[0]).model(NET[1])
    generator = np.random.default_rng(0)
    starts = [initial_weights(dict(case.parameters), seed) for seed in (0, 1)]
    x = generator.normal(size=(4, 8, *case.input_shape[1:])).astype(np.float32)
    y = generator.integers(0, 10, (4, 8))
    both = sides.both("training:trajectory", *NET, "float32", optimizer, starts, x, y)
    alone = sides.both("training:trajectory", *NET, "float32", optimizer, starts[1:], x, y)
    for second, single in zip(both, alone, strict=True):
        assert np.array_equal(second[1][0], single[0][0]), "another course than when it runs alone"
        for name, value in single[0][1].items():
            assert np.array_equal(second[1][1][name], value), name
        assert not np.array_equal(second[0][0], second[1][0])


@pytest.mark.parametrize("optimizer", [SGD(0.05, momentum=0.9, warmup_steps=3), Adam(0.01)])
def test_a_course_in_parts_is_the_same_course(optimizer: Optimizer, sides: Sides) -> None:
    case = technique(NET[0]).model(NET[1])
    generator = np.random.default_rng(0)
    starts = [initial_weights(dict(case.parameters), seed) for seed in (0, 1)]
    x = generator.normal(size=(6, 8, *case.input_shape[1:])).astype(np.float32)
    y = generator.integers(0, 10, (6, 8))
    name = (*NET, "float32", optimizer)
    whole = trajectories.followed(sides, name, starts, [(x, y)])
    parts = [(x[part], y[part]) for part in (slice(0, 2), slice(2, 4), slice(4, 6))]
    for one, other in zip(whole, trajectories.followed(sides, name, starts, parts), strict=True):
        for (losses, weights), (same_losses, same_weights) in zip(one, other, strict=True):
            assert np.array_equal(losses, same_losses)
            for weight, value in weights.items():
                assert np.array_equal(same_weights[weight], value), weight


def test_more_steps_than_a_trainer_was_made_for_are_refused(sides: Sides) -> None:
    case = technique(NET[0]).model(NET[1])
    x = np.zeros((4, 8, *case.input_shape[1:]), np.float32)
    start = initial_weights(dict(case.parameters), 0)
    for side in (sides.torch, sides.keras):
        session = "crosscheck.training.session"
        side.call(f"{session}:begin", side.name, "key", *NET, "float32", SGD(0.1), start, 3)
        with pytest.raises(CallError, match="4 steps in one call"):
            side.call(f"{session}:train", "key", x, np.zeros((4, 8), np.int64))
        side.call(f"{session}:end", "key")


def test_a_recipe_is_followed_and_drawn(sides: Sides, tmp_path: Path) -> None:
    facts = trajectories.follow(recipe("split_linear/split"), sides, dataset.load("generated"), 12, 0)
    for dtype in trajectories.DTYPES:
        assert facts[dtype]["passed"]
        assert len(facts[dtype]["losses"]["keras"]) == 12
    assert len(facts["float32"]["twins"]) == 12
    trajectories.write(tmp_path / "new", facts)
    assert {file.name for file in (tmp_path / "new").iterdir()} == {
        "split_linear-split.json",
        "split_linear-split.png",
    }


def test_a_course_that_parts_is_told() -> None:
    generator = np.random.default_rng(0)
    losses, weight = generator.random(20), generator.normal(size=(3, 4))
    torch = [(losses, {"fc.kernel": weight, "fc.bias": weight[0]})]
    for name, keras, passed in (
        ("equal", (losses, {"fc.kernel": weight, "fc.bias": weight[0]}), True),
        ("loss", (losses * (1 + 1e-10), {"fc.kernel": weight, "fc.bias": weight[0]}), False),
        ("fc.kernel", (losses, {"fc.kernel": weight + 1e-9, "fc.bias": weight[0]}), False),
        ("chance", (losses, {"fc.kernel": weight, "fc.bias": weight[0] + 1e-3}), True),
    ):
        found = trajectories._facts(Both(torch, [keras]), "float64", {"fc.bias": "chance"})
        assert found["passed"] is passed, name
        assert found["left_out"].keys() == {"fc.bias"}
    nan = np.where(np.arange(20) == 7, np.nan, losses)
    found = trajectories._facts(Both(torch, [(nan, torch[0][1])]), "float64", {})
    assert (found["passed"], trajectories.used(found)) == (False, ["no number"])


def channels_last(dtype: str) -> bool:
    """In PyTorch's process: whether a long course has the channels last in memory."""
    import torch

    from torch_impl import training

    long, train, seen = training.LONG, training.Trainer.train, []
    training.LONG = 2
    training.Trainer.train = lambda self, *given: seen.append(self.memory_format) or train(self, *given)
    try:
        case = technique(NET[0]).model(NET[1])
        x = np.zeros((2, 3, *case.input_shape[1:]), dtype)
        start = {n: w.astype(dtype) for n, w in initial_weights(dict(case.parameters), 0).items()}
        training.trajectory(*NET, dtype, SGD(0.1), [start], x, np.zeros((2, 3), np.int64))
    finally:
        training.LONG, training.Trainer.train = long, train
    return seen == [torch.channels_last]


def test_long_courses_are_as_training_but_as_exact_as_can_be_in_float32(sides: Sides) -> None:
    asked = "parity_tests.test_trajectories:channels_last"
    assert [sides.torch.call(asked, dtype) for dtype in ("float64", "float32")] == [True, False]


def test_beyond_rounding_in_float64_the_twins_are_run(sides: Sides, monkeypatch: pytest.MonkeyPatch) -> None:
    images = dataset.load("generated")
    within = trajectories.follow(recipe("split_linear/split"), sides, images, 12, 0)["float64"]
    assert within["passed"]
    assert not {"twins", "used_by_twins"} & within.keys()
    monkeypatch.setattr(trajectory, "RELATIVE", 1e-17)  # less than the twins are apart
    beyond = trajectories.follow(recipe("split_linear/split"), sides, images, 12, 0)["float64"]
    assert not beyond["passed"]
    assert beyond["losses"] == within["losses"]
    assert len(beyond["twins"]) == 12
    assert 0 < max(beyond["twins"]) < 1e-13
    assert 0 < beyond["used_by_twins"] < beyond["used"]
    assert " what its twins would allow" in trajectories.told(beyond)


def test_beyond_rounding_batch_norm_is_summed_axis_by_axis_as_well(
    sides: Sides, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trajectory, "RELATIVE", 1e-17)
    images, followed = dataset.load("generated"), recipe("cifar_cnn/bn_before")
    asked: list[tuple[str, int]] = []

    def spied(of: Any, function: str, name: Any, starts: Any, parts: Any) -> Any:
        asked.append((function, len(starts)))
        return courses(of, function, name, starts, parts)

    courses = trajectories.courses
    monkeypatch.setattr(trajectories, "courses", spied)
    found = trajectories._course(followed, sides, images, 2, "float64", 0)
    # With twins of its own: those of another way to add up would be farther from it than they are.
    assert asked[-1] == ("axiswise:trajectory", 1 + trajectory.TWINS)
    assert found["axiswise"].keys() == {"used", "used_by_twins"}
    assert 0 < found["axiswise"]["used"] < found["used"]
    assert 0 < found["axiswise"]["used_by_twins"] < found["used_by_twins"]
    assert " with PyTorch's batch norm summed axis by axis)" in trajectories.told(found)


@pytest.mark.parametrize(
    ("name", "more", "why"),
    [
        ("cifar_cnn/baseline", {"used_by_twins": 0.9}, results_page.TWINS),
        ("cifar_cnn/baseline", {"used_by_twins": 1.1}, results_page.WITHOUT_NORM),
        ("cifar_cnn/baseline", {"used_by_twins": None}, results_page.WITHOUT_NORM),
        ("cifar_cnn/bn_after", {"used_by_twins": 1.1}, results_page.UNTRIED),
        (
            "cifar_cnn/bn_after",
            {"used_by_twins": 9, "axiswise": {USED: 0.2}},
            results_page.EXPLAINED,
        ),
        (
            "cifar_cnn/bn_after",
            {"used_by_twins": 9, "axiswise": {USED: 1.2}},
            results_page.UNKNOWN,
        ),
    ],
)
def test_a_cause_is_told_only_where_the_data_show_it(name: str, more: dict[str, Any], why: str) -> None:
    technique_name, _, case = name.partition("/")
    facts = {"recipe": {"name": name, "technique": technique_name, "case": case}}
    facts |= {"float64": {"passed": False, "used": 12.0} | more, "float32": {"passed": True}}
    assert results_page._over([facts])[1].endswith(f". In float64, in {name}, {why}")


@pytest.mark.parametrize(("twins", "as_near"), [(0.9, True), (1.1, False), (None, True)])
def test_of_float32_it_is_told_how_many_steps_are_over(twins: float | None, as_near: bool) -> None:
    losses = {"torch": [2.0, 2.0, 2.0, 2.0], "keras": [2.0 + 1e-6, 2.01, 3.0, 2.01]}
    float32 = {"passed": False, "losses": losses, "twins": [0.0, 0.0, 0.1, 0.1]}
    float64 = {"passed": twins is None} | ({} if twins is None else {"used_by_twins": twins})
    name = {"name": "cifar_cnn/baseline", "technique": "cifar_cnn", "case": "baseline"}
    said = results_page._over([{"recipe": name, "float64": float64, "float32": float32}])[1]
    counted = "In float32, in cifar_cnn/baseline, the losses of the first course are over it at 2 of 4 steps"
    assert counted in said
    assert ("in float64 it is as near as twins are" in said) is as_near


def test_shares_are_readable() -> None:
    shares = (0.461, 1.0, 1.3, 64.2, 1735.2, None)
    said = [trajectories.share_of(share, "it") for share in shares]
    assert said == [
        "46 % of it",
        "100 % of it",
        "1.3 times it",
        "64 times it",
        "1,735 times it",
        "no number of it",
    ]


def test_what_is_no_number_is_not_outvoted(sides: Sides, monkeypatch: pytest.MonkeyPatch) -> None:
    courses: list[int] = []

    def course(*_: object) -> dict[str, object]:
        courses.append(0)
        return {"passed": len(courses) > 2, "used": None if len(courses) == 2 else 0.5}

    monkeypatch.setattr(trajectories, "_course", course)
    facts = trajectories.follow(recipe("split_linear/split"), sides, dataset.load("generated"), 12, 0)
    assert not facts["float32"]["passed"]
    assert len(courses) == 2


def test_adam_moves_some_things_by_chance() -> None:
    found = trajectories.by_chance(technique("cifar_cnn").model("residual"))
    assert {"block1.conv2.bias", "block1.bn2.moving_mean"} <= found.keys()
    assert not {"block1.shortcut.bias", "block1.bn2.beta", "block1.bn2.moving_variance"} & found.keys()
    assert trajectories.by_chance(technique("cifar_cnn").model("bn_after")) == {}


def test_a_real_epoch_is_followed_by_the_next() -> None:
    found = trajectories.whole_batches(100, 15, 9, 3)
    assert found.shape == (9, 15)
    assert np.array_equal(found[:6].ravel(), batches.epoch_order(100, 3, 1)[:90])
    assert np.array_equal(found[6:].ravel(), batches.epoch_order(100, 3, 2)[:45])


@pytest.mark.parametrize(
    ("moved", "kept"),
    [(0.0, "4 of 4"), (0.9e-12, "4 of 4"), (1.1e-12, "2 of 4"), (np.nan, "2 of 4")],
)
def test_the_page_tells_for_how_long_losses_agree(moved: float, kept: str) -> None:
    losses = [2.0, 1.0, 0.5, 0.25]
    other = [2.0, 1.0, 0.5 * (1 + moved), 0.25]
    assert results_page._kept({"float64": {"losses": {"torch": losses, "keras": other}}}) == kept


def test_the_page_names_recipes_of_fewer_steps(tmp_path: Path) -> None:
    folder = tmp_path / results_page.TRAJECTORIES
    folder.mkdir(parents=True)
    root = Path(__file__).parent.parent
    for name, steps in (("split_linear-split", 300), ("split_linear-wide", 5)):
        facts = json.loads((root / results_page.TRAJECTORIES / f"{name}.json").read_text())
        (folder / f"{name}.json").write_text(json.dumps(facts | {"steps": steps}))
    (said,) = [line for line in results_page._trajectories(tmp_path) if line.startswith("Followed for fewer")]
    assert said.endswith(": split_linear/wide (5).")


@pytest.mark.parametrize(
    ("share", "said"),
    [(None, "no number"), (0.461, "46 %"), (0.999, "100 %"), (9.64, "9.6 times"), (1.26e6, "1.3e+06 times")],
)
def test_a_share_in_words(share: float | None, said: str) -> None:
    assert trajectories.percent(share) == said
