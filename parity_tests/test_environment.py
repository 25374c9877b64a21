"""What is recorded of the sources that computed a result."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
ASK = "from crosscheck.environment import revision, sources; print(revision(), sources(), sep=',')"


def asked(folder: Path) -> list[str]:
    command = [sys.executable, "-c", ASK]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder)
    return answer.stdout.strip().split(",")


def git(folder: Path, *arguments: str) -> None:
    me = ("-c", "user.name=a", "-c", "user.email=a@b")
    subprocess.run(["git", *me, *arguments], capture_output=True, check=True, cwd=folder)


def test_a_revision_is_that_of_the_sources(tmp_path: Path) -> None:
    shutil.copytree(
        ROOT / "crosscheck", tmp_path / "crosscheck", ignore=shutil.ignore_patterns("__pycache__")
    )
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "a.json").write_text("{}")
    nothing, digest = asked(tmp_path)
    assert nothing == ""  # no repository
    git(tmp_path, "init")
    (tmp_path / ".gitignore").write_text("__pycache__/\n")
    git(tmp_path, "add", ".gitignore")
    git(tmp_path, "commit", "-m", "a repository that has us installed in it")
    assert asked(tmp_path) == ["", digest]
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "ours")
    known, same = asked(tmp_path)
    assert (len(known), same) == (12, digest)
    (tmp_path / "results" / "a.json").write_text("[]")  # data; it changes while it is being made
    assert asked(tmp_path) == [known, digest]
    (tmp_path / "crosscheck" / "new.py").write_text("")
    changed, other = asked(tmp_path)
    assert changed == known + "+"
    assert other != digest
