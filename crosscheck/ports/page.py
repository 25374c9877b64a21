"""What was found, as one page that needs nothing beside itself: no script, no picture, no other file."""

import re
from functools import cache
from html import escape
from importlib import resources

import numpy as np

from crosscheck.environment import versions
from crosscheck.ports.causes import texts
from crosscheck.ports.divergence import TOLERANCE, Parted, Place
from crosscheck.ports.judgement import Judgement
from crosscheck.ports.observation import Observation
from crosscheck.ports.report import Finding, evidence, grouped, location, where
from crosscheck.ports.training import TrainingComparison
from crosscheck.ports.training_report import said_training

# The bars show this range of errors, on a logarithmic scale.
SMALLEST, LARGEST = 1e-16, 1.0
STATES = {"fault": "born here", "carried": "only carried", "equal": "equal"}
_CODE = re.compile(r"`([^`]+)`")


def written(found: Judgement, torch: str, keras: str, facts: dict[str, str]) -> str:
    """The whole page.

    Args:
        found: what is to be told.
        torch: what the one model is called.
        keras: what the other is called.
        facts: how they were compared, in words.
    """
    title = f"{torch} and {keras}"
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{_text(title)}: {'equal' if found.equal else 'different'}</title>",
            f"<style>{_style()}</style></head><body>",
            f"<h1>torch {_code(torch)} and keras {_code(keras)}</h1>",
            _verdict(found),
            *_findings(found),
            *_training(found),
            *_layers(found),
            *_notes(found),
            _facts(facts),
            "</body></html>",
            "",
        ]
    )


def bar(error: float) -> str:
    """An error, and how long it is on the logarithmic scale."""
    if np.isnan(error):
        return '<span class="soft">cannot be told</span>'
    said = f"{error:.1e}" if np.isfinite(error) else "no number"
    return f'<span class="bar"><i style="width:{share(error):.1f}%"></i></span> {said}'


def share(error: float) -> float:
    """Per cent of the scale: 0 for errors up to the smallest, 100 from the largest on."""
    if not np.isfinite(error):
        return 100.0
    within = float(np.clip(error, SMALLEST, LARGEST))
    return float(100 * np.log10(within / SMALLEST) / np.log10(LARGEST / SMALLEST))


@cache
def _style() -> str:
    sheet = resources.files(__package__).joinpath("page.css").read_text("utf-8")
    return sheet + f":root {{ --limit: {share(TOLERANCE):.1f}%; }}\n"


def _text(text: object) -> str:
    return escape(str(text), quote=True)


def _code(text: object) -> str:
    return f"<code>{_text(text)}</code>"


def _prose(text: str) -> str:
    """A text in which code stands in backticks."""
    return _CODE.sub(r"<code>\1</code>", _text(text))


def _verdict(found: Judgement) -> str:
    report, training = found.report, found.training
    said = [report.lines()[0]]
    if report.findings:
        first = report.findings[0]
        causes = [texts()[name].title for name in first.identifiers if name in texts()]
        why = f": {'; '.join(causes).lower()}" if causes else ", and no known mistake explains it"
        said.append(f"First divergence: {_named(location(first))}{why}.")
    if training is not None and training.equal:
        said.append(said_training(training)[0])
    elif training is not None:  # what is wrong goes first
        said = [said_training(training)[0], f"Without training: {said[0].lower()}"]
    kind = "different" if not found.equal else "equal" if found.whole else "doubtful"
    return f'<div class="verdict {kind}" id="verdict">{" ".join(_prose(line) for line in said)}</div>'


def _findings(found: Judgement) -> list[str]:
    if not found.report.findings:
        return []
    rows = {id(parted.place): index for index, parted in enumerate(found.report.comparison.parted)}

    def linked(place: Place, name: str) -> str:
        row = rows.get(id(place))
        return _text(name) if row is None else f'<a href="#place-{row}">{_text(name)}</a>'

    lines, explained = [], set[str]()
    for index, (finding, *same) in enumerate(grouped(found.report.findings)):
        if index < 2:
            lines.append(f"<h2>{('First divergence', 'Other findings')[index]}</h2>")
        said = str(finding).removeprefix(f"{location(finding)}: ")
        heading = linked(finding.place, _named(location(finding)))
        lines.append(f'<div class="finding" id="finding-{index}"><h3>{heading}</h3><p>{_prose(said)}.</p>')
        if isinstance(finding, Finding):
            does = (
                "" if evidence(finding.place) in said else f"{_text(evidence(finding.place)).capitalize()}."
            )
            lines.append(
                f'<p class="soft">Apart here: {_figure(finding.parted.accumulated)}; born here: '
                f"{_figure(finding.parted.own)}. {does}</p>"
            )
        if same:
            places = ", ".join(linked(other.place, where(other)) for other in same)
            lines.append(f"<p>The same at {len(same)} more: {places}.</p>")
        for name in finding.identifiers:
            lines.append(_cause(name, name in explained))
            explained.add(name)
        lines.append("</div>")
    return lines


def _named(place: str) -> str:
    return place.replace(" <-> ", " \u2194 ")


def _figure(error: float) -> str:
    return "cannot be told" if np.isnan(error) else f"{error:.1e}" if np.isfinite(error) else "no number"


def _cause(identifier: str, again: bool) -> str:
    """A cause explained; the second time only where that stands."""
    if identifier not in texts():
        return f'<div class="cause">{_code(identifier)}</div>'
    text = texts()[identifier]
    if again:
        return f'<p class="soft">{_text(text.title)}: <a href="#cause-{text.anchor}">as above</a>.</p>'
    return (
        f'<div class="cause" id="cause-{text.anchor}"><h3>{_prose(text.title)} {_code(identifier)}</h3>'
        f"<p>{_prose(text.explanation)}</p><dl><dt>in torch</dt><dd>{_prose(text.torch)}</dd>"
        f"<dt>in keras</dt><dd>{_prose(text.keras)}</dd></dl></div>"
    )


def _training(found: Judgement) -> list[str]:
    if not found.asked:
        return []
    lines = ['<h2 id="training">Training steps</h2>']
    if found.training is None:
        return [*lines, f"<p>{_prose(found.untrained)}</p>"]
    lines += [f"<p>{_prose(line)}</p>" for line in said_training(found.training)]
    lines += [_cause(cause.identifier, False) for cause in found.training.cause or ()]
    heads = ("step", "learning rate", "loss apart", "changes of weights apart", "most in", "")
    return [*lines, _head(heads), *_steps(found.training), "</tbody></table>"]


def _steps(training: TrainingComparison) -> list[str]:
    first = training.first[0] if training.first else len(training.steps) + 1
    rows = []
    for number, step in enumerate(training.steps, start=1):
        state = "equal" if number < first else "fault" if number == first else "carried"
        said = {"equal": "equal", "fault": "parts here", "carried": "after that"}[state]
        one, two = (recipe.rates[number - 1 : number] for recipe in training.recipes)
        rate = " / ".join(dict.fromkeys(f"{rate:.4g}" for rate in (*one, *two)))
        name, change = step.worst
        rows.append(
            f'<tr class="{state}"><td>{number}</td><td>{rate}</td><td class="error">{bar(step.loss)}</td>'
            f'<td class="error">{bar(change)}</td><td>{_text(name)}</td><td class="state">{said}</td></tr>'
        )
    return rows


def _layers(found: Judgement) -> list[str]:
    parted = found.report.comparison.parted
    at: dict[int, list[tuple[int, Finding | Observation]]] = {}
    for number, group in enumerate(grouped(found.report.findings)):
        for finding in group:
            at.setdefault(id(finding.place), []).append((number, finding))
    rows, before = [], ""
    for index, one in enumerate(parted):
        rows.append(_row(index, one, at.get(id(one.place), []), before))
        before = one.place.pair.torch.path if one.place.pair else ""
    swatches = " ".join(
        f'<span class="{state}"><span class="swatch"></span>{said}</span>' for state, said in STATES.items()
    )
    return [
        '<label class="filter"><input type="checkbox" id="only"> only where an error is born</label>',
        '<h2 id="layers">Layers in the order of the flow of data</h2>',
        f'<p class="soft">{swatches}. Bars are logarithmic, from {SMALLEST:.0e} to {LARGEST:g}; '
        f"the stroke is the limit, {TOLERANCE:.0e}. "
        "“Here” is how far apart the whole models are, “born here” what is left when keras "
        "is fed torch's tensors.</p>",
        _head(("torch", "keras", "kind", "here", "born here", "")),
        *rows,
        "</tbody></table>",
    ]


def _head(names: tuple[str, ...]) -> str:
    return f"<table><thead><tr>{''.join(f'<th>{name}</th>' for name in names)}</tr></thead><tbody>"


def _row(index: int, parted: Parted, findings: list[tuple[int, Finding | Observation]], before: str) -> str:
    state = "fault" if parted.at_fault or findings else "equal" if parted.equal else "carried"
    said = STATES[state]
    if findings:
        number, finding = findings[0]
        if parted.equal and isinstance(finding, Observation):
            said = "otherwise set" if finding.what == "settings" else "in training mode"
        said = f'<a href="#finding-{number}">{said}</a>'
    pair = parted.place.pair
    names = (_path(pair.torch.path, before), _text(pair.keras.path), _text(pair.torch.kind)) if pair else None
    torch, keras, kind = names or ("the output", "the output", "")
    return (
        f'<tr class="{state}" id="place-{index}" title="{_text(evidence(parted.place))}"><td>{torch}</td>'
        f'<td>{keras}</td><td class="kind">{kind}</td><td class="error">{bar(parted.accumulated)}</td>'
        f'<td class="error">{bar(parted.own)}</td><td class="state">{said}</td></tr>'
    )


def _path(path: str, before: str) -> str:
    """A path whose modules are faint where the row above is in the same ones: so the tree is seen."""
    parent, dot, name = path.rpartition(".")
    if dot and parent == before.rpartition(".")[0]:
        return f'<span class="within">{_text(parent)}.</span>{_text(name)}'
    return _text(path)


def _notes(found: Judgement) -> list[str]:
    if not found.report.notes:
        return []
    return ['<h2 id="notes">Notes</h2>', *(f"<p>{_text(note)}</p>" for note in found.report.notes)]


def _facts(facts: dict[str, str]) -> str:
    have = versions()
    packages = ", ".join(f"{name} {have[name]}" for name in ("crosscheck", "torch", "keras") if name in have)
    rows = "".join(
        f"<dt>{_text(k)}</dt><dd>{_text(v)}</dd>" for k, v in {**facts, "versions": packages}.items()
    )
    return f'<h2 id="how">How they were compared</h2><dl>{rows}</dl>'
