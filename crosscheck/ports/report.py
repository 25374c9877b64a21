"""What is said of two models: findings in the flow of data, a verdict, lines and JSON."""

from dataclasses import dataclass
from typing import Any

from crosscheck.ports.backwards import NOT_COMPARED, compare_training_mode
from crosscheck.ports.causes import guide_link, texts
from crosscheck.ports.comparison import Comparison, Ports
from crosscheck.ports.copying import UNLIKE
from crosscheck.ports.diagnosis import Cause, clue, diagnose
from crosscheck.ports.divergence import STRICT, TOLERANCE, Parted, Place
from crosscheck.ports.figures import counted, figure, for_json
from crosscheck.ports.observation import Observation
from crosscheck.ports.other_weights import differ_with_others
from crosscheck.ports.settings_seen import casts, dropouts, exchanged, modes, momenta
from crosscheck.ports.stretches import SILENT
from crosscheck.ports.turned import TURNED, turned

ON_TORCH = (
    "On its torch backend Keras computes partly in float32: what differs may be rounding, which tips "
    "over a ReLU here and there in gradients; to be sure, compare on tensorflow or jax."
)
NAMED = 3  # places with the same cause that are named


@dataclass(frozen=True)
class Finding:
    """A place where the models part by themselves, and why.

    Attributes:
        parted: the place and the figures.
        cause: what explains it; None if nothing that was tried does.
        behind: torch's and keras' layers that its stretch begins behind.
        clue: where Keras begins to do otherwise, if nothing explains it.
    """

    parted: Parted
    cause: Cause | None
    behind: tuple[tuple[str, str], ...] = ()
    clue: str = ""

    @property
    def identifiers(self) -> tuple[str, ...]:
        """Of the causes."""
        return tuple(h.identifier for h in self.cause.hypotheses) if self.cause else ()

    @property
    def confirmed(self) -> bool:
        """Whether a cause was named, and trying it has told that it is the one."""
        return self.cause is not None and self.cause.confirmed

    @property
    def place(self) -> Place:
        """Where it is."""
        return self.parted.place

    @property
    def between(self) -> bool:
        """Whether the fault is not in the layer itself, but in what stands before it."""
        layer = self.place.pair.torch if self.place.pair else None
        if layer is None or self.cause is None:
            return layer is None or bool(self.place.torch.glue() or self.place.keras.glue())
        return any(h.step != layer.step or h.before or h.forced for h in self.cause.hypotheses)

    @property
    def at(self) -> tuple[str, ...]:
        """Paths of PyTorch's modules between layers that the cause is about."""
        chosen = self.cause.hypotheses if self.cause and self.between else ()
        steps = {step for h in chosen for step in (h.step, *h.about)}
        own = where(self)
        paths = {node.path for node in self.place.torch.nodes if node.step in steps and node.step >= 0}
        return tuple(sorted(path for path in paths if path and path != own))

    @property
    def location(self) -> str:
        """Where it is, in words; a fault between layers is between those."""
        if not self.between or not self.behind:
            return str(self.place)
        torch, keras = (", ".join(dict.fromkeys(names)) for names in zip(*self.behind, strict=True))
        at = f" (at torch {', '.join(self.at)})" if self.at else ""
        return f"between torch {torch} <-> keras {keras} and {self.place}{at}"

    def __str__(self) -> str:
        if self.cause:
            return f"{self.location}: {self.cause}"
        said = f"{self.location}: {unexplained(self.parted)}; "
        return said + (f"{self.clue}; " if self.clue else "") + evidence(self.place)


@dataclass(frozen=True)
class Report:
    """Everything that was found about two models.

    Attributes:
        comparison: layer by layer.
        findings: in the order of the flow of data.
        notes: what is no difference in what the models do, and yet to be known.
        trained: whether training mode was compared on its own way.
    """

    comparison: Comparison
    findings: tuple[Finding | Observation, ...]
    notes: tuple[str, ...]
    trained: bool = False

    @property
    def equal(self) -> bool:
        return self.comparison.equal and not self.findings

    @property
    def whole(self) -> bool:
        """Whether training mode was compared as well, and the order of axes is beyond doubt."""
        return not any(note.startswith((NOT_COMPARED, TURNED)) for note in self.notes)

    @property
    def verdict(self) -> str:
        """In a few words."""
        if not self.equal:
            return "different"
        doubtful = any(note.startswith(TURNED) for note in self.notes)
        return "equal" if self.whole else f"equal in {'values' if doubtful else 'evaluation mode'}"

    def lines(self) -> list[str]:
        """The verdict, and what is behind it."""
        worst = max(self.comparison.outputs)
        if self.equal:
            pairs = len(self.comparison.pairs)
            agree = f"the outputs agree to {worst:.1e}, through {counted(pairs, 'pair')} of layers"
            rest = "; so do training mode, gradients and moving statistics" if self.trained else ""
            return [f"{self.verdict.capitalize()}: {agree}{rest}.", *self.notes]
        same = self.comparison.equal and worst <= TOLERANCE
        begin = "Different, though the outputs agree to" if same else "Different: the outputs are"
        lines = [f"{begin} {figure(worst)}{'' if same else ' apart'}."]
        unlike = [note for note in self.notes if note.startswith(UNLIKE)]
        lines += [f"{note} What follows may come from that." for note in unlike]
        for number, (finding, *others) in enumerate(grouped(self.findings)):
            begin = "First divergence" if number == 0 else "Also"
            more = [where(other) for other in others]
            again = (
                f" The same at {counted(len(more), 'more place')}: {', '.join(more[:NAMED])}" if more else ""
            )
            lines.append(f"{begin}: {finding}.{again}{' ...' if len(more) > NAMED else ''}")
            for name in finding.identifiers:
                lines += _advice(name)
        if not self.findings:
            lines.append("No single layer is at fault: the error is below the limit at each, and adds up.")
        return lines + [note for note in self.notes if note not in unlike]

    def as_json(self) -> dict[str, Any]:
        """Everything, for programs."""
        first = self.findings[0] if self.findings else None
        return {
            "verdict": self.verdict,
            "first_divergence": location(first) if first else None,
            "cause": list(first.identifiers) or None if first else None,
            "evidence": [
                {
                    "place": str(f.place),
                    "location": location(f),
                    "own": for_json(f.parted.own if isinstance(f, Finding) else f.error),
                    "causes": list(f.identifiers),
                    "confirmed": f.confirmed,
                    "text": str(f),
                    "does": evidence(f.place),
                }
                for f in self.findings
            ],
            "layers": [
                {"place": str(p.place), "accumulated": for_json(p.accumulated), "own": for_json(p.own)}
                for p in self.comparison.parted
            ],
            "outputs": [for_json(error) for error in self.comparison.outputs],
            "notes": list(self.notes),
        }


def examine(ports: Ports, first_only: bool = False) -> Report:
    """Compare two models, and look for the cause of each difference.

    Args:
        ports: the models.
        first_only: stop behind the first divergence.

    Raises:
        CrosscheckError: they could not be compared.
    """
    report = _examined(ports, first_only)
    return _examined(ports, first_only) if report.equal and differ_with_others(ports) else report


def _examined(ports: Ports, first_only: bool) -> Report:
    comparison = ports.compare()
    findings: list[Finding | Observation] = list(exchanged(ports, comparison.places))
    for parted in comparison.parted:
        if findings and (first_only or parted.place.pair is None):
            continue  # outputs in another order are a finding already
        if parted.at_fault:
            cause = diagnose(ports, parted)
            findings.append(
                Finding(parted, cause, _behind(ports, parted), "" if cause else clue(ports, parted))
            )
        elif parted.own > STRICT and (cause := diagnose(ports, parted, seen_only=True)):
            # Frameworks round some functions otherwise; what has a cause of its own is no rounding.
            findings.append(Finding(parted, cause, _behind(ports, parted)))
    note, seen = "", () if findings and first_only else (dropouts, modes, casts)
    more: list[Observation] = [f for see in seen for f in see(ports, comparison.places)]
    if not findings:
        faults, note = compare_training_mode(ports, comparison.places)
        rates = any(observation.identifier == "dropout.rate" for observation in more)
        more += [fault for fault in faults if not (rates and fault.identifier == "dropout.rate")]
    if note or (findings and not first_only):
        more += momenta(ports, comparison.places)
    on_torch = [ON_TORCH] if ports.sides.backend == "torch" else []
    notes = (*_notes(ports), *turned(ports), *([note] if note else []), *on_torch)
    return Report(comparison, (*findings, *more), notes, trained=not findings and not note)


def _behind(ports: Ports, parted: Parted) -> tuple[tuple[str, str], ...]:
    """The layers that a stretch begins behind, by their paths in either model."""
    mine, theirs = ports.torch.makers(), ports.keras.makers()
    keras = {torch: number for number, torch in ports.common.items()}
    found = []
    for number in parted.place.torch.begins[:NAMED]:
        one, two = mine.get(number), theirs.get(keras.get(number, 0))
        found.append((one.path or one.kind if one else "input", two.path or two.kind if two else "input"))
    return tuple(found)


def _notes(ports: Ports) -> list[str]:
    """Tensors that only one of the models holds, or does not use."""
    lines = list(ports.notes)
    lines += [
        f"torch's {pair.torch.path} never trains row {row} (padding_idx), keras' {pair.keras.path} does."
        for pair in ports.pairs
        if (row := pair.torch.settings.get("padding_idx")) is not None
    ]
    for side in ("torch", "keras"):
        names = [
            f"{getattr(pair, side).path} ({role})"
            for pair in ports.pairs
            for role, owner in pair.alone().items()
            if owner == side
        ]
        names += [f"{node.path} ({node.kind})" for node in getattr(ports.pairing, side)]
        unused = getattr(ports, side).unused
        for what, found in (("Only {} holds", names), ("The call does not use, in {},", list(unused))):
            if found:
                more = " ..." if len(found) > NAMED else ""
                shown = f"{', '.join(found[:NAMED])}{more}"
                lines.append(f"{what.format(side)} {len(found)} tensors or layers, among them {shown}.")
    return lines


def _advice(identifier: str) -> list[str]:
    text = texts()[identifier]
    return [
        f"  {identifier}: {text.title}. In torch: {text.torch} In keras: {text.keras} "
        f"({guide_link(identifier)})"
    ]


def location(finding: Finding | Observation) -> str:
    """Where a finding is, in words."""
    return finding.location if isinstance(finding, Finding) else str(finding.place)


def where(finding: Finding | Observation) -> str:
    """The path of PyTorch's layer, or "the output"."""
    pair = finding.place.pair
    return pair.torch.path if pair else str(finding.place)


def grouped(findings: tuple[Finding | Observation, ...]) -> list[list[Finding | Observation]]:
    """Each cause once: the first finding that has it, and then the others."""
    found: dict[str, list[Finding | Observation]] = {}
    for finding in findings:
        key = str(finding.place)
        if isinstance(finding, Observation):
            key = finding.text or key
        elif finding.cause:
            key = "; ".join(h.text for h in finding.cause.hypotheses)
        found.setdefault(key, []).append(finding)
    return list(found.values())


def unexplained(parted: Parted) -> str:
    """Why no cause is named: none was found, or none could be looked for."""
    if parted.alone is None:
        return "whether the error is born there cannot be told: what keras does could not be repeated alone"
    return "none of the known mistakes explains it"


def evidence(place: Place) -> str:
    """What either side does there."""
    does = {
        side: ", ".join(node.kind for node in stretch.nodes if node.kind not in SILENT) or "nothing"
        for side, stretch in (("torch", place.torch), ("keras", place.keras))
    }
    return f"torch does {does['torch']}; keras does {does['keras']}"
