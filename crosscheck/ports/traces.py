"""Recordings compared: pairs and accumulated errors; without a model that lives, no cause can be tried."""

from dataclasses import dataclass
from itertools import groupby
from math import isclose
from typing import Any

from crosscheck.errors import CrosscheckError
from crosscheck.ports import asked, pairing, trying
from crosscheck.ports.carrying import neutral
from crosscheck.ports.comparison import Comparison, Ports
from crosscheck.ports.divergence import TOLERANCE, Parted, in_keras_order, relative_error
from crosscheck.ports.figures import counted, figure, for_json
from crosscheck.ports.program import Node
from crosscheck.ports.recorded import Recorded
from crosscheck.ports.recording import Following
from crosscheck.ports.report import NAMED, evidence
from crosscheck.ports.trace_file import Recording
from crosscheck.sides import Side, Sides

# How far outputs may be apart: rounding of float32 adds up over layers, TF32 keeps 10 bits of 23.
LIMITS = {"float64": TOLERANCE, "float32": 1e-4}
TF32 = 1e-2
# Weights that went through float32, and the sum of two biases.
SAME = 1e-6
UNTRIED = "not tried: a cause needs both models"
OF_EVALUATION = "A trace is of evaluation mode: training mode, gradients and statistics were not compared."
# Settings that only training shows: of norms and of dropout.
IN_TRAINING = ("momentum", "rate")
LIVE = {"dtype": "float64", "tf32": False}


class Recordings(Ports):
    """Two recordings on the table.

    Args:
        torch: PyTorch's.
        keras: Keras'.
        given: the Keras path of PyTorch layers, where it is known.

    Raises:
        CrosscheckError: the layers cannot be paired, or the inputs are not the same.
    """

    def __init__(self, torch: Recording, keras: Recording, given: dict[str, str] | None = None) -> None:
        self.recordings = torch, keras
        sides = Sides(Recorded(torch), Recorded(keras), "", "cpu")
        super().__init__(sides, "", "", torch.inputs, 0, given)

    def compare(self) -> Comparison:
        """Place by place; which layers in doubt belong together, their weights tell.

        Raises:
            CrosscheckError: the weights are not the same.
        """
        if self.others:
            self._settle(trying.exchanged(self, self.chosen, Weighed(len(self.others))))
        if self.others:
            more = f" and {len(self.others) - NAMED} more" if len(self.others) > NAMED else ""
            raise CrosscheckError(
                f"the traces hold different weights, such as torch's {', '.join(self.others[:NAMED])}{more}: "
                "record the second with --weights-of the first"
            )
        return self._compared(self._steady())

    def tried(self, chosen: pairing.Assignment) -> trying.Tried:
        """What was recorded stays, however layers are paired: their weights tell which belong together."""
        self._pair(chosen)
        return Weighed(len(self.others))

    def _copy(self, seed: int) -> None:
        """The weights are as they were; here it is seen which are not the same."""
        super()._copy(seed)
        torch, keras = self.recordings
        for a, b in zip(self.torch.inputs, self.keras.inputs, strict=True):
            if _apart(torch.values[a], keras.values[b]) > SAME:
                raise CrosscheckError(
                    "the traces were made of different inputs: record the second with --weights-of the first"
                )
        one = neutral(torch.weights, self.held[0], "torch")
        two = self.rows.from_keras(neutral(keras.weights, self.held[1], "keras"))
        self.others = [name for name, array in one.items() if relative_error(array, two[name]) > SAME]


@dataclass(frozen=True)
class Weighed:
    """What the weights say of one way to pair layers.

    Attributes:
        faults: how many tensors are not the same.
    """

    faults: int

    @property
    def equal(self) -> bool:
        return not self.faults


@dataclass(frozen=True)
class TraceReport:
    """What comparing recordings showed.

    Attributes:
        comparison: place by place.
        limit: how far outputs may be apart.
        facts: of each side: how it was run.
    """

    comparison: Comparison
    limit: float
    facts: dict[str, dict[str, Any]]

    @property
    def equal(self) -> bool:
        return self.outputs_equal and not self.in_training

    @property
    def outputs_equal(self) -> bool:
        """Whether evaluation mode, which a trace is of, shows no difference."""
        return all(error <= self.limit for error in self.comparison.outputs)

    @property
    def in_training(self) -> list[str]:
        """Settings that differ, and that only training shows."""
        found = [(p.place, text) for p in self.comparison.parted for text in differences(p, IN_TRAINING)]
        return list(dict.fromkeys(f"{place}: {text}" for place, text in found))

    @property
    def apart(self) -> list[Parted]:
        """The places beyond the limit."""
        return [parted for parted in self.comparison.parted if not parted.accumulated <= self.limit]

    def lines(self) -> list[str]:
        """The verdict, where it begins, and what the two do otherwise there."""
        worst, apart = figure(max(self.comparison.outputs)), self.apart
        pairs = len(self.comparison.pairs)
        if self.equal:
            lines = [f"Equal: the outputs agree to {worst}, through {counted(pairs, 'pair')} of layers."]
        elif self.outputs_equal:
            lines = [f"Different, though the outputs agree to {worst}, in what only training shows."]
            lines += [f"Setting: {text}." for text in self.in_training[:NAMED]]
            if len(self.in_training) > NAMED:
                lines.append(f"{len(self.in_training) - NAMED} more settings differ (--json lists them).")
        else:
            first = f"{apart[0].place}: {figure(apart[0].accumulated)}; {evidence(apart[0].place)}"
            lines = [f"Different: the outputs are {worst} apart.", f"First apart: {first}."]
            found = [f"{parted.place}: {text}" for parted in apart for text in differences(parted)]
            lines += [f"Evidence ({UNTRIED}): {text}." for text in found[:NAMED]]
            if len(found) > NAMED:
                lines.append(f"{len(found) - NAMED} more settings differ (--json lists them).")
            lines.append("For causes compare the models themselves: crosscheck compare FILE.py:F FILE.py:F.")
        return [*lines, *self.notes(), OF_EVALUATION]

    def notes(self) -> list[str]:
        """How the runs differ, and what was switched off in them."""
        torch, keras = self.facts["torch"], self.facts["keras"]
        lines = [
            f"{side} drops at random in evaluation mode, at {facts['drops']}; that was switched off."
            for side, facts in self.facts.items()
            if facts.get("drops")
        ]
        for side, facts in self.facts.items():
            lines += asked.notes({side: facts.get("asked", "")}, facts["dtype"])
        names = [n for n in ("machine", "threads", "versions") if {n} <= torch.keys() & keras.keys()]
        others = [n for n in names if torch[n] != keras[n]]
        return lines + ([f"The runs also differ in: {', '.join(others)}."] if others else [])

    def as_json(self) -> dict[str, Any]:
        """Everything, for programs."""
        apart = self.apart
        return {
            "verdict": "equal" if self.equal else "different",
            "first_divergence": str(apart[0].place) if apart and not self.equal else None,
            "cause": None,
            "why_no_cause": UNTRIED,
            "limit": self.limit,
            "seen_in_training_only": self.in_training,
            "evidence": [
                {"place": str(p.place), "does": evidence(p.place), "differences": differences(p)}
                for p in apart
            ],
            "layers": [
                {"place": str(p.place), "accumulated": for_json(p.accumulated), "own": for_json(p.own)}
                for p in self.comparison.parted
            ],
            "outputs": [for_json(error) for error in self.comparison.outputs],
            "notes": self.notes(),
            "runs": self.facts,
        }


def compare_recordings(
    torch: Recording, keras: Recording, given: dict[str, str] | None = None, mixed: bool = False
) -> tuple[TraceReport, Ports]:
    """Compare a recording of each side.

    Args:
        torch: PyTorch's.
        keras: Keras'.
        given: the Keras path of PyTorch layers, where it is known.
        mixed: whether they may have been run in different modes.

    Raises:
        CrosscheckError: they are of one side, of different modes, inputs or weights, or cannot be paired.
    """
    if (torch.side, keras.side) != ("torch", "keras"):
        raise CrosscheckError(
            f"both traces are {torch.side}'s; compare one of torch and one of keras"
            if torch.side == keras.side
            else "give the trace of torch first"
        )
    facts = {"torch": torch.facts, "keras": keras.facts}
    _require_one_mode(facts, mixed)
    ports = Recordings(torch, keras, given)
    return TraceReport(ports.compare(), _limit(facts), facts), ports


def compare_with_live(
    live: Side, source: str, other: Recording, given: dict[str, str] | None = None, mixed: bool = False
) -> tuple[TraceReport, Ports]:
    """Compare a recording with a model of the other side, which is given its weights.

    Args:
        live: the other side's process.
        source: "file.py:function" that returns the model; it is run in float64.
        other: the recording.
        given: the Keras path of PyTorch layers, where it is known.
        mixed: whether the recording may have been run in another mode.

    Raises:
        CrosscheckError: as for `compare_recordings`.
    """
    facts = {other.side: other.facts, live.name: LIVE}
    _require_one_mode(facts, mixed)
    ports = Following(live, source, other, "float64", given)
    return TraceReport(ports.compare(), _limit(facts), facts), ports


def differences(parted: Parted, names: tuple[str, ...] = ()) -> list[str]:
    """In words, settings that are not the same on both sides in the stretch to a place.

    Args:
        parted: the place.
        names: of the settings; of all if none are named, and then also what only one layer holds.
    """
    place, found = parted.place, []
    if place.pair is not None and not names:
        found = [f"only {side} has a {role}" for role, side in place.pair.alone().items()]
        found += [f"the layers hold other tensors ({place.pair.mismatch})"] if place.pair.mismatch else []
    torch, keras = (_by_kind(stretch.nodes) for stretch in (place.torch, place.keras))
    for kind in torch.keys() & keras.keys():
        for one, two in zip(torch[kind], keras[kind], strict=False):
            shared = one.settings.keys() & two.settings.keys()
            for name in sorted(shared & set(names) if names else shared):
                if not _same(one.settings[name], two.settings[name]):
                    values = f"{one.settings[name]} in torch and {two.settings[name]} in keras"
                    found.append(f"{name} of {kind} is {values}")
    return found


def _same(one: Any, two: Any) -> bool:
    """Whether settings are the same: Keras' momentum is 1 less PyTorch's, which rounds."""
    return isclose(one, two) if isinstance(one, float) and isinstance(two, float) else bool(one == two)


def _by_kind(nodes: tuple[Node, ...]) -> dict[str, list[Node]]:
    ordered = sorted(nodes, key=lambda node: (node.kind, node.number))
    return {kind: list(group) for kind, group in groupby(ordered, key=lambda node: node.kind)}


def _require_one_mode(facts: dict[str, dict[str, Any]], mixed: bool) -> None:
    for name in LIVE:
        values = {side: found.get(name) for side, found in facts.items()}
        if values["torch"] != values["keras"] and not mixed:
            raise CrosscheckError(
                f"{name} is {values['torch']} in torch and {values['keras']} in keras: the error would be "
                "that of the mode, not of the port; record them alike, or go on with --allow-mixed"
            )


def _limit(facts: dict[str, dict[str, Any]]) -> float:
    if any(found.get("tf32") for found in facts.values()):
        return TF32
    return max(LIMITS[found["dtype"]] for found in facts.values())


def _apart(torch: Any, keras: Any) -> float:
    return relative_error(in_keras_order(torch, keras.shape, keras), keras)
