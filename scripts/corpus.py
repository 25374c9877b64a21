"""The corpus of right ports and planted mistakes, compared: what is found, where, and how it is called.

python scripts/corpus.py [--only TEXT] [--right] [--backend tensorflow]
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from crosscheck import console
from crosscheck.sides import open_sides
from parity_tests.corpus.catalogue import CORRECT, DOUBLES, MISTAKES
from parity_tests.corpus.judging import judge, judge_right, label


def main() -> int:
    """Print a line for each port, and the shares; the status is 1 if a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="ports whose name holds this")
    parser.add_argument("--backend", default="tensorflow")
    parser.add_argument("--right", action="store_true", help="the right ports alone")
    given = parser.parse_args()
    with open_sides(given.backend) as sides:
        wrongly = 0
        for pair in CORRECT:
            if given.only in label(pair):
                answer = judge_right(sides, pair)
                wrongly += answer != "equal"
                console.say(f"{'right port':12} {label(pair):70} {answer}")
        found = []
        for mistakes in (*((m,) for m in MISTAKES), *DOUBLES):
            if not given.right and given.only in label(mistakes[0].pair):
                verdict = judge(sides, *mistakes)
                found.append(verdict)
                planted = "; ".join(f"{', '.join(m.where)}: {', '.join(m.cause)}" for m in mistakes)
                console.say(
                    f"{verdict.marks:12} {label(mistakes[0].pair):70} {verdict.said} (planted: {planted})"
                )
    count = len(found) or 1
    shares = [sum(getattr(v, name) for v in found) / count for name in ("detected", "located", "named")]
    console.say(
        f"{wrongly} right ports called different; of {len(found)} mistakes "
        f"{shares[0]:.0%} detected, {shares[1]:.0%} located, {shares[2]:.0%} named"
    )
    return int(wrongly > 0 or shares[0] < 1 or shares[1] < 0.95 or shares[2] < 0.9)


if __name__ == "__main__":
    raise SystemExit(main())
