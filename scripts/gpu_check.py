"""Check everything on a GPU, and write one file of results.

python scripts/gpu_check.py --data cifar10 --seeds 5 --json results/gpu.json
"""

from pathlib import Path

import click

from crosscheck import checkpoint, console, gpu, options


@click.command(context_settings=options.CONTEXT)
@options.real_images
@click.option("--seeds", type=options.POSITIVE, default=5, show_default=True, help="Of the suites.")
@click.option("--out", type=options.A_FOLDER, default=Path("runs/gpu"), show_default=True)
@click.option(
    "--json",
    "file",
    type=options.A_FILE,
    default=Path("results/gpu.json"),
    show_default=True,
    help="The results, written after every part.",
)
@console.user_command
def main(data: str, seeds: int, out: Path, file: Path) -> None:
    """Check everything on a GPU: verify on each of Keras' backends that sees it, noise, both suites.

    It can be stopped at any time; the same command goes on where it was.

    \b
    Example:
      python scripts/gpu_check.py --data cifar10 --seeds 5 --json results/gpu.json

    Exit status: 0 done, 1 a check failed, 2 there is no GPU or something is wrong, 130 interrupted.
    """
    console.end_when_told()
    checkpoint.require_writable(file)
    failed = 0
    for facts in gpu.check(data, seeds, out):
        gpu.write(file, facts)
        failed = gpu.failed(facts)
    console.say(f"The results are in {file}.")
    if failed:
        console.say(f"{failed} checks failed; {file} lists them under not_passed.")
        raise SystemExit(1)


if __name__ == "__main__":
    main()
