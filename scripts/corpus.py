"""The corpus of right ports and planted mistakes, compared: what is found, where, and how it is called.

python scripts/corpus.py [--only TEXT] [--right] [--backend tensorflow] [--json results/corpus.json]
"""

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from crosscheck import checkpoint, console
from crosscheck.sides import open_sides
from parity_tests.corpus.catalogue import CORRECT, DOUBLES, MISTAKES
from parity_tests.corpus.judging import Score, judge, judge_right, label
from parity_tests.corpus.recipe_judging import table


def main() -> int:
    """Print a line for each port, and the shares; the status is 1 if a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="ports whose name holds this, or `recipes`")
    parser.add_argument("--backend", default="tensorflow")
    parser.add_argument("--right", action="store_true", help="the right ports alone")
    parser.add_argument("--json", type=Path, help="write the counts of each family")
    given = parser.parse_args()
    score = Score(given.backend)
    with open_sides(given.backend) as sides:
        for pair in CORRECT:
            if given.only in label(pair):
                answer = judge_right(sides, pair)
                score.right(pair, answer)
                console.say(f"{'right port':12} {label(pair):70} {answer}")
        for mistakes in (*((m,) for m in MISTAKES), *DOUBLES):
            if not given.right and given.only in label(mistakes[0].pair):
                verdict = judge(sides, *mistakes)
                score.mistake(mistakes[0].pair, verdict)
                planted = "; ".join(f"{', '.join(m.where)}: {', '.join(m.cause)}" for m in mistakes)
                console.say(
                    f"{verdict.marks:12} {label(mistakes[0].pair):70} {verdict.said} (planted: {planted})"
                )
        if "recipes".startswith(given.only):
            score.recipes = table(sides, right=given.right)
    for line in score.lines():
        console.say(line)
    if given.json:
        checkpoint.write_text(given.json, json.dumps(score.as_json(), indent=1) + "\n")
    return int(not score.good)


if __name__ == "__main__":
    raise SystemExit(main())
