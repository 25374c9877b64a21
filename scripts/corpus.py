"""The corpus of right ports and planted mistakes, compared: what is found, where, and how it is called.

python scripts/corpus.py --only resnet --json found.json
"""

import json
import sys
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).parents[1]))

from crosscheck import checkpoint, console, options
from crosscheck.environment import sources
from crosscheck.sides import open_sides
from parity_tests.corpus.recipe_judging import table
from parity_tests.corpus.scoring import Score, compare_families

KEPT = Path("runs") / "corpus"


@click.command(context_settings=options.CONTEXT)
@click.option("--only", default="", metavar="TEXT", help='Ports whose name holds this, or "recipes".')
@click.option("--right", is_flag=True, help="The right ports alone.")
@options.backend
@options.json_file("the counts of each family")
@console.user_command
def main(only: str, right: bool, backend: str, file: Path | None) -> None:
    """Print a line for each port, and the shares; the exit status is 1 if a target is missed.

    The whole of it can be stopped; with the same sources it goes on behind the last family that was done.

    \b
    Example:
      python scripts/corpus.py --only resnet --json found.json
    """
    checkpoint.require_writable(file)
    whole = not only and not right
    score = Score(backend, KEPT / f"{backend}-{sources('parity_tests')[:12]}.json" if whole else None)
    with open_sides(backend) as sides:
        compare_families(sides, score, only, right)
        if "recipes".startswith(only):
            score.recipes = table(sides, right=right)
    for line in score.lines():
        console.say(line)
    if file:
        checkpoint.write_text(file, json.dumps(score.as_json(), indent=1) + "\n")
    raise SystemExit(int(not score.good))


if __name__ == "__main__":
    main()
