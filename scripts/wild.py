"""torchvision's models against those of keras.applications: what differs, how long it takes, how much memory.

python scripts/wild.py --only densenet121 --json found.json
"""

import json
import sys
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).parents[1]))

from crosscheck import checkpoint, console, options
from crosscheck.environment import machine, revision, versions
from parity_tests.wild import MODELS
from parity_tests.wild.comparing import compared


@click.command(context_settings=options.CONTEXT)
@click.option("--only", default="", metavar="TEXT", help="Models whose name holds this.")
@options.json_file("what was found")
@console.user_command
def main(only: str, file: Path | None) -> None:
    """Compare torchvision's models with those of keras.applications, each pair in processes of its own.

    \b
    Example:
      python scripts/wild.py --only densenet121 --json found.json
    """
    checkpoint.require_writable(file)
    found = {}
    for name in (name for name in MODELS if only in name):
        found[name], lines = compared(name)
        console.say(
            f"{name} ({MODELS[name]}): {found[name]['seconds']} s, {max(found[name]['gigabytes'])} GB a side"
        )
        console.say("\n".join(lines))
    if file:
        facts = {
            "versions": versions(),
            "machine": machine(),
            "revision": revision(),
            "backend": "tensorflow",
        }
        checkpoint.write_text(file, json.dumps(facts | {"models": found}, indent=1) + "\n")


if __name__ == "__main__":
    main()
