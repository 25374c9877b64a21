"""Steps of training by a user's own optimizer and loss: right ports are equal, mistakes are named."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from crosscheck.errors import CrosscheckError
from crosscheck.ports import copying, inputs
from crosscheck.ports.comparison import KEY, Ports
from crosscheck.ports.program import Held
from crosscheck.ports.recipe import Clipping, Decay, Loss, Recipe, Rule, Steps, settled
from crosscheck.ports.recipe_differences import suppositions
from crosscheck.ports.training import TrainingComparison, compare_training
from crosscheck.ports.training_report import said_training, training_json
from crosscheck.ports.training_steps import parted
from crosscheck.sides import Sides

FOLDER = Path(__file__).parent / "ported"
ORIGINALS, PORTS = f"{FOLDER / 'training_originals.py'}", f"{FOLDER / 'training_ports.py'}"
STEPS = 6
INPUTS = {
    **dict.fromkeys(("images", "pictures"), "4x3x6x5"),
    "recurrent": "4x5x3",
    **dict.fromkeys(("classes", "maps", "tokens", "snipped"), "2x4x3:int64:0..6"),
}
TARGETS = {
    **dict.fromkeys(("classes", "tokens", "snipped"), "2x4x3:int64:0..4"),
    "maps": "2x2x4x3",
    "binary": "4x1:int64:0..1",
    "squared": "4x1",
    "lasso": "4x1",
    "huber": "4x1",
}
RIGHT = (
    *("sgd", "sgd_tuple", "images", "adam", "adamw", "coupled", "penalty", "steps", "clipped", "smoothing"),
    *("binary", "squared", "huber", "other", "pictures", "classes", "classes_one", "maps", "nadam", "lasso"),
)
MISTAKES = {
    "sgd_adam": {"optimizer.kind"},
    "sgd_rate": {"optimizer.learning_rate"},
    "sgd_nesterov": {"sgd.nesterov"},
    "sgd_momentum": {"sgd.momentum"},
    "sgd_frozen": {"parameter.frozen"},
    "sgd_sum": {"loss.reduction"},
    "sgd_logits": {"loss.from_logits"},
    "sgd_warmup": {"schedule.kind", "sgd.momentum_schedule"},
    "sgd_smoothed_nesterov": {"loss.label_smoothing", "sgd.nesterov"},
    "sgd_rate_and_momentum_and_reduction": {"optimizer.learning_rate", "sgd.momentum", "loss.reduction"},
    "images_plain": {"sgd.nesterov"},
    "adam_epsilon": {"adam.epsilon", "adam.epsilon_placement"},
    "adam_betas": {"adam.betas"},
    "adam_amsgrad": {"adam.amsgrad"},
    "careful": {"adam.epsilon_placement"},
    "adamw_rate": {"decay.rate"},
    "adamw_plain": {"decay.rate"},
    "adamw_everywhere": {"decay.targets"},
    "coupled_decoupled": {"decay.coupling"},
    "penalty_factor": {"l2.factor"},
    "penalty_biases": {"decay.targets"},
    "penalty_none": {"decay.rate"},
    "cut": {"decay.coupling"},
    "steps_late": {"schedule.offset"},
    "steps_smooth": {"schedule.kind"},
    "steps_constant": {"schedule.kind"},
    "scheduled": {"sgd.momentum_schedule"},
    "clipped_variable": {"clipping.kind"},
    "clipped_value": {"clipping.kind"},
    "clipped_never": {"clipping.kind"},
    "clipped_limit": {"clipping.limit"},
    "smoothing_none": {"loss.label_smoothing"},
    "smoothing_default_rate": {"optimizer.learning_rate"},
    "binary_logits": {"loss.from_logits"},
    "squared_absolute": {"loss.kind"},
    "squared_sum": {"loss.reduction"},
    "squared_rho": {"optimizer.kind"},
    "images_frozen": {"parameter.frozen"},
    "pictures_rate": {"optimizer.learning_rate"},
    "maps_squared": {"loss.kind"},
    "nadam_epsilon": {"adam.epsilon"},
    "tokens": {"embedding.repeated_rows"},
    "snipped": {"embedding.repeated_rows"},
    "recurrent": {"recurrent.two_biases"},
    "huber_delta": {"loss.kind"},
    "other_rate": {"optimizer.learning_rate"},
    "lasso_rate": {"decay.rate"},
    "lasso_biases": {"decay.targets"},
    "apart": {"optimizer.learning_rate", "sgd.momentum"},
}


def opened(sides: Sides, port: str) -> Ports:
    original = port.partition("_")[0]
    given = inputs.read((INPUTS.get(original, "4x6"),))
    return Ports(sides, f"{ORIGINALS}:{original}", f"{PORTS}:{port}", given)


def target_of(port: str) -> np.ndarray:
    (target,) = inputs.read((TARGETS.get(port.partition("_")[0], "4:int64:0..4"),), 1)
    return target


def trained(sides: Sides, port: str, steps: int = STEPS) -> TrainingComparison:
    return compare_training(opened(sides, port), target_of(port), steps)


def state(sides: Sides, held: dict[str, Held], there: dict[str, Held]) -> list[np.ndarray]:
    """Every tensor that the models hold."""
    torch = sides.torch.call("torch_impl.trace:get_weights", KEY, held)
    keras = sides.keras.call("keras_impl.trace:get_weights", KEY, there)
    return [*torch.values(), *keras.values()]


def largest(comparison: TrainingComparison) -> float:
    return max(max(step.loss, step.worst[1]) for step in comparison.steps)


@pytest.mark.parametrize("port", RIGHT)
def test_a_right_port_trains_equally(port: str, sides: Sides) -> None:
    comparison = trained(sides, port)
    assert comparison.equal, said_training(comparison)
    # Adam's epsilon stands elsewhere in Keras: with 1e-12 that is still seen in the eighth digit.
    assert largest(comparison) < (1e-12 if comparison.recipes[0].rule.kind == "sgd" else 5e-7)
    assert comparison.understood
    assert comparison.noise == (("conv.bias",) if port == "pictures" else ())


@pytest.mark.parametrize(
    "port", ["sgd", "images", "pictures", "adamw", "penalty", "squared", "tokens", "snipped"]
)
def test_a_right_port_trains_equally_on_jax(port: str, jax_sides: Sides) -> None:
    comparison = trained(jax_sides, port)
    assert comparison.equal, said_training(comparison)
    # Means are taken in float32 there: some tens of its last digit.
    assert largest(comparison) < 3e-6


@pytest.mark.parametrize("port", MISTAKES)
def test_a_mistake_in_training_is_named(port: str, sides: Sides) -> None:
    comparison = trained(sides, port)
    assert not comparison.equal
    assert comparison.cause is not None, said_training(comparison)
    assert {cause.identifier for cause in comparison.cause} == MISTAKES[port]
    assert comparison.after < 1e-6 < largest(comparison)


@pytest.mark.parametrize(
    "port", ["sgd_nesterov", "sgd_logits", "binary_logits", "adam_epsilon", "penalty_factor"]
)
def test_a_mistake_in_training_is_named_on_jax(port: str, jax_sides: Sides) -> None:
    comparison = trained(jax_sides, port)
    assert comparison.cause is not None, said_training(comparison)
    assert {cause.identifier for cause in comparison.cause} == MISTAKES[port]


@pytest.mark.parametrize(
    "port", ["sgd", "images", "adamw", "coupled", "scheduled", "clipped", "squared", "huber", "nadam"]
)
def test_recipes_in_words_give_what_the_frameworks_give(port: str, sides: Sides) -> None:
    ports = opened(sides, port)
    held, there = copying.names(ports.pairs)
    given = KEY, ports.inputs, target_of(port), held
    theirs = KEY, ports.keras_inputs, target_of(port), there
    calls = {"torch": given, "keras": theirs}
    for side, limit in (("torch", 1e-12), ("keras", 1e-7)):
        call = getattr(sides, side).call
        recipe = call(f"{side}_impl.recipes:recipe", *calls[side], STEPS)
        own = call(f"{side}_impl.recipes:train", *calls[side], STEPS)
        again = sides.torch.call("torch_impl.retraining:emulate", *given, STEPS, recipe)
        if side == "keras":
            own = Steps(own.losses, tuple(ports.rows.from_keras(weights) for weights in own.weights))
        errors = parted(own, again, sorted(recipe.trained))
        # PyTorch's Nadam keeps a product in float32.
        assert max(max(e.loss, e.worst[1]) for e in errors) < (1e-7 if port == "nadam" else limit)


def test_afterwards_everything_is_as_it_was(sides: Sides) -> None:
    ports = opened(sides, "images")
    held, there = copying.names(ports.pairs)
    before = state(sides, held, there)
    first = compare_training(ports, target_of("images"), 3)
    assert all(np.array_equal(a, b) for a, b in zip(before, state(sides, held, there), strict=True))
    assert compare_training(ports, target_of("images"), 3).steps == first.steps
    # Batch norm has been in training mode, and dropout off: else the losses would not be equal.
    assert first.equal


def test_what_cannot_be_done_in_pytorch_is_not_guessed(sides: Sides) -> None:
    comparison = trained(sides, "other_unknown")
    assert not comparison.equal
    assert comparison.cause is None
    assert "the optimizer is Adafactor in keras and adamax in torch" in " ".join(said_training(comparison))


def test_what_no_recipe_explains_is_not_explained(sides: Sides) -> None:
    comparison = trained(sides, "sgd_stopped")
    assert comparison.first is not None
    assert comparison.first[0] == 1
    assert comparison.first[1].startswith("first.")
    assert comparison.cause is None
    assert comparison.everything > 0.1
    assert "it is in the models" in " ".join(said_training(comparison))


def test_the_step_and_the_quantity_that_part_first_are_named(sides: Sides) -> None:
    assert trained(sides, "sgd_sum").first == (1, "loss")
    assert trained(sides, "sgd_momentum").first == (2, "last.kernel")
    late = trained(sides, "steps_late")
    assert late.first is not None
    assert late.first[0] == 3
    assert "1 step later" in said_training(late)[1]
    assert trained(sides, "steps_late", 2).equal  # which nobody could see


def test_for_programs(sides: Sides) -> None:
    found = json.loads(json.dumps(training_json(trained(sides, "scheduled"))))
    assert found["verdict"] == "different"
    assert found["cause"] == found["of_frameworks"] == ["sgd.momentum_schedule"]
    assert found["first"] == {"step": 3, "what": "last.kernel"}
    assert found["learning_rates"]["torch"] == [0.1, 0.1, 0.05, 0.05, 0.025, 0.025]
    assert len(found["steps"]) == STEPS
    assert json.loads(json.dumps(training_json(trained(sides, "sgd"))))["verdict"] == "equal"


def test_without_an_optimizer_there_is_nothing_to_train(sides: Sides) -> None:
    with pytest.raises(CrosscheckError, match="returned no optimizer"):
        trained(sides, "untrained")


def test_what_is_in_the_wrong_place_of_a_tuple_is_said(sides: Sides) -> None:
    with pytest.raises(CrosscheckError, match="returned float as its scheduler; expected"):
        Ports(sides, f"{ORIGINALS}:misplaced", f"{PORTS}:sgd", inputs.read(("4x6",)))


def test_a_curve_that_begins_otherwise_is_no_curve_that_is_late() -> None:
    ours = Recipe(Loss("huber"), Rule("sgd"), (), Decay(), {}, Clipping(), frozenset(), frozenset())
    rates = tuple(0.1 * 0.9**n for n in range(10))

    def named(*keras: float) -> list[str]:
        theirs = replace(ours, rates=keras + rates[: 6 - len(keras)])
        return [s.identifier for s in suppositions(replace(ours, rates=rates), theirs, 6)]

    assert named(0.1, 0.1) == named(0.1 / 0.9) == ["schedule.offset"]
    assert named(0.1, 0.05) == named(0.0, 0.1) == ["schedule.kind"]
    earlier = tuple(float(np.float32(rate)) for rate in rates[1:])
    for curve in (rates[1:], earlier):
        found = suppositions(replace(ours, rates=rates), replace(ours, rates=curve), 6)
        assert [s.identifier for s in found] == ["schedule.offset"]
        assert "1 step earlier" in found[0].text


def test_numbers_that_float32_makes_different_are_the_same() -> None:
    rule = Rule("sgd", momentum=0.9)
    ours = Recipe(Loss("huber"), rule, (0.1,), Decay(), {}, Clipping("value", 0.1), frozenset(), frozenset())
    theirs = replace(ours, rule=Rule("sgd", momentum=float(np.float32(0.9))), clipping=Clipping("value", 0.2))
    standard = settled(ours, theirs)
    assert standard.rule == theirs.rule
    assert standard.clipping == ours.clipping
    assert [s.identifier for s in suppositions(standard, theirs, 1)] == ["clipping.limit"]
