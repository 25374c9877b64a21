"""One pair compared, and what that took."""

from collections import Counter
from time import monotonic
from typing import Any

from crosscheck.ports import inputs
from crosscheck.ports.judgement import Question, judge
from crosscheck.sides import open_sides

from . import MODELS, sources


def compared(name: str) -> tuple[dict[str, Any], list[str]]:
    """What was found, as data and in lines; processes are started for it, and that is counted."""
    begin = monotonic()
    with open_sides() as sides:
        judgement = judge(sides, Question(*sources(name), inputs.read((MODELS[name],))))
        both = (sides.torch, sides.keras)
        # Not `ru_maxrss`, which a process takes over from the one that started it.
        peaks = [side.call("subprocess:getoutput", "grep VmHWM /proc/$PPID/status") for side in both]
    seconds = monotonic() - begin
    said, lines = judgement.as_json(), judgement.lines()
    found = {
        "input": MODELS[name],
        "seconds": round(seconds, 1),
        "gigabytes": [round(int(peak.split()[1]) / 2**20, 2) for peak in peaks],
        "verdict": said["verdict"],
        "output": said["outputs"],
        "said": [line for line in lines if not line.startswith("  ")],
        "places": Counter(", ".join(finding["causes"]) for finding in said["evidence"]),
        "notes": said["notes"],
    }
    return found, lines
