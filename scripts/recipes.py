"""The corpus of training recipes, compared: which are called equal, and which mistakes are found and named.

python scripts/recipes.py [--only TEXT] [--right] [--backend tensorflow]
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from crosscheck.sides import open_sides
from parity_tests.corpus.recipe_judging import table


def main() -> int:
    """Print a line for each recipe, and the counts; the status is 1 if a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="recipes whose name holds this")
    parser.add_argument("--right", action="store_true", help="the right recipes alone")
    parser.add_argument("--backend", default="tensorflow")
    given = parser.parse_args()
    with open_sides(given.backend) as sides:
        return table(sides, given.only, given.right)


if __name__ == "__main__":
    raise SystemExit(main())
