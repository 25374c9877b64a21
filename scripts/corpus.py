"""The corpus of right ports and planted mistakes, compared: what is found, where, and how it is called.

python scripts/corpus.py --only resnet --json found.json
"""

import json
import sys
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).parents[1]))

from crosscheck import checkpoint, console, options
from crosscheck.sides import open_sides
from parity_tests.corpus.catalogue import CORRECT, DOUBLES, MISTAKES
from parity_tests.corpus.judging import Score, judge, judge_right, label
from parity_tests.corpus.recipe_judging import table


@click.command(context_settings=options.CONTEXT)
@click.option("--only", default="", metavar="TEXT", help='Ports whose name holds this, or "recipes".')
@click.option("--right", is_flag=True, help="The right ports alone.")
@options.backend
@options.json_file("the counts of each family")
@console.user_command
def main(only: str, right: bool, backend: str, file: Path | None) -> None:
    """Print a line for each port, and the shares; the exit status is 1 if a target is missed.

    \b
    Example:
      python scripts/corpus.py --only resnet --json found.json
    """
    checkpoint.require_writable(file)
    score = Score(backend)
    with open_sides(backend) as sides:
        for pair in CORRECT:
            if only in label(pair):
                answer = judge_right(sides, pair)
                score.right(pair, answer)
                console.say(f"{'right port':12} {label(pair):70} {answer}")
        for mistakes in (*((m,) for m in MISTAKES), *DOUBLES):
            if not right and only in label(mistakes[0].pair):
                verdict = judge(sides, *mistakes)
                score.mistake(mistakes[0].pair, verdict)
                planted = "; ".join(f"{', '.join(m.where)}: {', '.join(m.cause)}" for m in mistakes)
                found = f"{verdict.marks:12} {label(mistakes[0].pair):70} {verdict.said}"
                console.say(f"{found} (planted: {planted})")
        if "recipes".startswith(only):
            score.recipes = table(sides, right=right)
    for line in score.lines():
        console.say(line)
    if file:
        checkpoint.write_text(file, json.dumps(score.as_json(), indent=1) + "\n")
    raise SystemExit(int(not score.good))


if __name__ == "__main__":
    main()
