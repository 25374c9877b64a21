"""Verify every technique in every mode of either framework, and write one file of results.

python scripts/survey.py --json results/modes.json
"""

import json
from pathlib import Path

import click

from crosscheck import checkpoint, console, options, survey


@click.command(context_settings=options.CONTEXT)
@click.option("--out", type=options.A_FOLDER, default=Path("runs/survey"), show_default=True)
@click.option(
    "--json",
    "file",
    type=options.A_FILE,
    default=Path("results/modes.json"),
    show_default=True,
    help="The results, written after every way; what it holds of these versions is not done again.",
)
@console.user_command
def main(out: Path, file: Path) -> None:
    """Verify on each of Keras' backends, in each mode of either framework, and in mixed precision.

    It can be stopped at any time; the same command goes on where it was. To begin anew after a change of the
    sources, remove the file.

    \b
    Example:
      python scripts/survey.py --json results/modes.json

    Exit status: 0 done, 1 a check failed, 2 something is wrong, 130 interrupted.
    """
    console.end_when_told()
    checkpoint.require_writable(file)
    facts = survey.read(file)
    for found in survey.survey(facts, out):
        facts = found
        checkpoint.write_text(file, json.dumps(facts, indent=1) + "\n")
    console.say(f"The results are in {file}.")
    if failed := survey.failed(facts):
        console.say(f"{failed} checks failed; {file} lists them.")
        raise SystemExit(1)


if __name__ == "__main__":
    main()
