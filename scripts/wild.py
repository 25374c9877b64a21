"""torchvision's models against those of keras.applications: what differs, how long it takes, how much memory.

python scripts/wild.py [--only densenet121] [--json results/wild.json]
"""

import argparse
import json
import resource
import sys
from pathlib import Path
from time import monotonic

sys.path.insert(0, str(Path(__file__).parents[1]))

from crosscheck import checkpoint, console
from crosscheck.environment import machine, versions
from crosscheck.ports import inputs
from crosscheck.ports.judgement import Question, judge
from crosscheck.sides import open_sides
from parity_tests.wild import MODELS, sources


def main() -> int:
    """Compare each pair in processes of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="models whose name holds this")
    parser.add_argument("--json", type=Path, help="write what was found")
    given = parser.parse_args()
    found = {}
    for name, shape in MODELS.items():
        if given.only not in name:
            continue
        begin = monotonic()
        with open_sides() as sides:
            judgement = judge(sides, Question(*sources(name), inputs.read((shape,))))
            used = [
                s.call("resource:getrusage", resource.RUSAGE_SELF).ru_maxrss
                for s in (sides.torch, sides.keras)
            ]
        seconds = monotonic() - begin
        console.say(f"{name} ({shape}), {seconds:.0f} s, at most {max(used) / 2**20:.1f} GB a side")
        said, lines = judgement.as_json(), judgement.lines()
        console.say("\n".join(f"  {line}" for line in lines))
        found[name] = {
            "input": shape,
            "seconds": round(seconds, 1),
            "gigabytes": [round(kilobytes / 2**20, 2) for kilobytes in used],
            "verdict": said["verdict"],
            "output": said["outputs"],
            "said": [line for line in lines if not line.startswith("  ")],
        }
    if given.json:
        facts = {"versions": versions(), "machine": machine(), "backend": "tensorflow"}
        checkpoint.write_text(given.json, json.dumps(facts | {"models": found}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
