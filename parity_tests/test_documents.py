"""What the documents say is so: links lead somewhere, commands exist, the example gives what it shows."""

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner

from crosscheck.cli import main
from crosscheck.ports.causes import PAGE

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMAND = re.compile(r"\bcrosscheck ([a-z]+)\b([^`\n#]*)")
SCRIPT = re.compile(r"\bscripts/(\w+\.py)\b([^`\n#]*)")
OPTION = re.compile(r"(?<!\S)--[a-z][a-z-]*")
ROUNDING = re.compile(r"\d\.\de-1\d")  # another in each machine's last places


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: file.name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text()):
        file, _, anchor = target.partition("#")
        found = document.parent / file if file else document
        assert found.exists(), target
        assert not anchor or anchor in anchors(found), target


@cache
def anchors(document: Path) -> set[str]:
    """Of its headings, as they are made of their words, and those that stand in it."""
    text = document.read_text()
    headings = [heading.lower() for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)]
    made = {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in headings}
    return made | set(re.findall(r'<a id="([^"]+)">', text))


def test_commands_and_their_options_exist() -> None:
    texts = [document.read_text() for document in DOCUMENTS]
    named = {match.groups() for text in texts for match in COMMAND.finditer(text)}
    assert {name for name, _ in named} >= set(main.commands)
    for name, rest in named:
        if name in main.commands:  # "crosscheck is ...": a sentence
            known = {option for parameter in main.commands[name].params for option in parameter.opts}
            known |= {"--help"}
            assert set(OPTION.findall(rest)) <= known, f"crosscheck {name}{rest}"


def test_scripts_and_their_options_exist() -> None:
    named = {match.groups() for document in DOCUMENTS for match in SCRIPT.finditer(document.read_text())}
    assert len({name for name, _ in named}) >= 6
    for name, rest in named:
        assert set(OPTION.findall(rest)) <= options_of_script(name), f"scripts/{name}{rest}"


@cache
def options_of_script(name: str) -> set[str]:
    told = subprocess.run(
        [sys.executable, ROOT / "scripts" / name, "--help"], capture_output=True, text=True, check=True
    )
    return set(re.findall(r"--[a-z][a-z-]*", told.stdout))


def test_the_example_gives_what_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "README.md").read_text().partition("<!-- example:")[2]
    torch, keras, shown = re.findall(r"```\w*\n(.*?)```", text, re.DOTALL)[:3]
    (tmp_path / "my_torch.py").write_text(torch)
    (tmp_path / "my_keras.py").write_text(keras)
    command, _, expected = shown.partition("\n")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, command.removeprefix("$ crosscheck ").split())
    assert result.exit_code == 1
    assert ROUNDING.sub("0", result.output.strip()) == ROUNDING.sub("0", expected.strip())


def test_the_readme_leads_to_the_guide() -> None:
    assert f"({PAGE})" in (ROOT / "README.md").read_text()
