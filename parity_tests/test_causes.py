"""The guide to porting: every cause is explained and can be linked to, and what its code names exists."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from crosscheck.ports.causes import PAGE, CauseText, guide_link, texts
from crosscheck.ports.guide import SECTIONS, page

ROOT = Path(__file__).parent.parent
TEXTS = list(texts().values())
CODE = re.compile(r"`([^`]+)`")
SENTENCE_END = re.compile(r"[.!?](?=\s|$)")
# The short names of the guide.
NAMES = {
    "torch": {
        "torch": "torch",
        "nn": "torch.nn",
        "F": "torch.nn.functional",
        "optim": "torch.optim",
    },
    "keras": {
        "keras": "keras",
        "schedules": "keras.optimizers.schedules",
        **{name: f"keras.{name}" for name in ("layers", "ops", "optimizers", "losses", "regularizers")},
    },
}
LOOK_UP = """
import importlib, inspect, json, sys
framework, calls = json.load(sys.stdin)
root = importlib.import_module(framework)
wrong = []
for name, arguments in calls:
    found = root
    for part in name.split(".")[1:]:
        found = getattr(found, part, None)
    if found is None:
        wrong.append(name)
        continue
    try:
        known = inspect.signature(found).parameters
    except (TypeError, ValueError):  # written in C
        continue
    open_ended = any(p.kind is p.VAR_KEYWORD for p in known.values()) and framework == "torch"
    wrong += [f"{name}({a}=)" for a in arguments if a not in known and not open_ended]
print(json.dumps(wrong))
"""


@pytest.mark.parametrize("cause", TEXTS, ids=lambda cause: cause.identifier)
def test_every_entry_is_complete(cause: CauseText) -> None:
    assert re.fullmatch(r"[a-z0-9]+\.[a-z0-9_]+", cause.identifier)
    assert 0 < len(cause.title.split()) <= 8
    assert not cause.title.endswith(".")
    assert 2 <= len(SENTENCE_END.findall(cause.explanation)) <= 5
    for text in (cause.explanation, cause.torch, cause.keras):
        assert text.endswith(".")
        assert text.count("`") % 2 == 0
    assert max(len(cause.torch), len(cause.keras)) <= 220, "one or two lines"


def test_titles_and_anchors_are_unique() -> None:
    assert len({cause.title for cause in TEXTS}) == len({cause.anchor for cause in TEXTS}) == len(TEXTS)


def test_links_hit_the_generated_page() -> None:
    written = (ROOT / PAGE).read_text()
    assert written == page()
    anchors = re.findall(r'<a id="([^"]+)"></a>', written)
    assert len(set(anchors)) == len(anchors)
    assert set(re.findall(r"\]\(#([^)]+)\)", written)) == set(anchors)
    for identifier in texts():
        file, _, anchor = guide_link(identifier).partition("#")
        assert file == PAGE
        assert anchor in anchors
    with pytest.raises(KeyError):
        guide_link("norm.nothing")


def test_every_cause_stands_under_one_heading() -> None:
    prefixes = [prefix for section in SECTIONS.values() for prefix in section]
    assert sorted(prefixes) == sorted({cause.identifier.split(".")[0] for cause in TEXTS})


def test_the_guide_says_which_causes_are_never_named() -> None:
    source = "".join(file.read_text() for file in (ROOT / "crosscheck").rglob("*.py"))
    never = {cause.identifier for cause in TEXTS if f'"{cause.identifier}"' not in source}
    assert never == {cause.identifier for cause in TEXTS if cause.unnamed}
    for identifier in never:
        assert f"{texts()[identifier].unnamed}\n" in page()


@pytest.mark.parametrize("framework", NAMES)
def test_code_names_what_the_frameworks_have(framework: str) -> None:
    found = sorted({call for cause in TEXTS for call in calls(cause, NAMES[framework])})
    assert len(found) > 40
    answer = subprocess.run(
        [sys.executable, "-c", LOOK_UP],
        input=json.dumps([framework, found]),
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(answer.stdout) == []


def calls(cause: CauseText, names: dict[str, str]) -> set[tuple[str, tuple[str, ...]]]:
    """Every name of a framework in a text's code, with the arguments that it is given by name."""
    found = set()
    for fragment in CODE.findall(" ".join((cause.explanation, cause.torch, cause.keras))):
        try:
            nodes = list(ast.walk(ast.parse(fragment)))
        except SyntaxError:
            assert not re.search(r"\b(nn|layers|ops|optim|optimizers|losses)\.", fragment), fragment
            continue
        for node in nodes:
            called = node.func if isinstance(node, ast.Call) else node
            if not isinstance(called, ast.Attribute):
                continue
            root, *rest = ast.unparse(called).split(".")
            if root in names and all(part.isidentifier() for part in rest):
                given = [k.arg for k in node.keywords] if isinstance(node, ast.Call) else []
                found.add((".".join([names[root], *rest]), tuple(str(name) for name in given)))
    return found
