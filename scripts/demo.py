"""What `make demo` shows: verify every technique, train both sides for a short while, compare.

python scripts/demo.py    (about four minutes on two cores; no data and no network are needed)
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import click

from crosscheck import console, options
from crosscheck.training.run_folder import RunFolder

ROOT = Path(__file__).parent.parent
DEMO = Path("demo")
RECIPE = "split_linear/adjusted"
COMMAND = [sys.executable, "-m", "crosscheck"]


def run(*command: str) -> None:
    """Run a command as a user would, and end with it if it fails."""
    shown = " ".join(command).replace(f"{sys.executable} -m crosscheck", "crosscheck")
    print(f"\n$ {shown.replace(sys.executable, 'python')}", flush=True)
    status = subprocess.run(command, check=False).returncode
    if status:
        sys.exit(status)


@click.command(context_settings=options.CONTEXT)
@console.user_command
def main() -> None:
    """Verify every technique, train both sides for a short while on generated images, compare.

    What it writes is in demo/.

    \b
    Example:
      python scripts/demo.py
    """
    os.chdir(ROOT)
    shutil.rmtree(DEMO, ignore_errors=True)
    DEMO.mkdir()
    run(*COMMAND, "verify", "--json", str(DEMO / "verify.json"))
    for side in ("torch", "keras"):
        run(sys.executable, f"scripts/train_{side}.py", "--recipe", RECIPE, "--out", str(DEMO / side))
    run(*COMMAND, "curves", str(DEMO / "torch"), str(DEMO / "keras"), "--out", str(DEMO / "curves.png"))
    torch, keras = (RunFolder(DEMO / side).metrics()[-1] for side in ("torch", "keras"))
    print(f"\n{RECIPE} on generated images, the same weights and batches on both sides:\n")
    print(f"{'':16}{'PyTorch':>10}{'Keras':>10}{'difference':>12}")
    for key in ("train_loss", "test_loss", "test_accuracy"):
        print(f"{key:16}{torch[key]:>10.4f}{keras[key]:>10.4f}{keras[key] - torch[key]:>+12.4f}")
    print(f"\nBoth loss curves: {(DEMO / 'curves.png').resolve()}")


if __name__ == "__main__":
    main()
