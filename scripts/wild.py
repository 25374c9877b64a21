"""torchvision's models against those of keras.applications: what differs, how long it takes, how much memory.

python scripts/wild.py [--only densenet121] [--json results/wild.json]
"""

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from crosscheck import checkpoint, console
from crosscheck.environment import machine, revision, versions
from parity_tests.wild import MODELS
from parity_tests.wild.comparing import compared


def main() -> int:
    """Compare each pair in processes of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="models whose name holds this")
    parser.add_argument("--json", type=Path, help="write what was found")
    given = parser.parse_args()
    found = {}
    for name in (name for name in MODELS if given.only in name):
        found[name], lines = compared(name)
        console.say(
            f"{name} ({MODELS[name]}): {found[name]['seconds']} s, {max(found[name]['gigabytes'])} GB a side"
        )
        console.say("\n".join(lines))
    if given.json:
        facts = {
            "versions": versions(),
            "machine": machine(),
            "revision": revision(),
            "backend": "tensorflow",
        }
        checkpoint.write_text(given.json, json.dumps(facts | {"models": found}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
