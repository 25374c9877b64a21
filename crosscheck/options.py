"""What several commands have in common: options of the same name, meaning and default, each written once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from crosscheck.environment import BACKENDS, DEVICES

F = TypeVar("F", bound=Callable[..., Any])

CONTEXT = {"help_option_names": ["-h", "--help"]}
FLOATS = ("float64", "float32")

POSITIVE = click.IntRange(min=1)
A_FILE = click.Path(dir_okay=False, path_type=Path)
A_FOLDER = click.Path(file_okay=False, path_type=Path)

backend = click.option(
    "--backend", type=click.Choice(BACKENDS), default="tensorflow", show_default=True, help="Of Keras."
)
device = click.option(
    "--device", type=click.Choice(DEVICES), default="cpu", show_default=True, help="Where the models run."
)
real_images = click.option(
    "--data",
    required=True,
    metavar="WHAT",
    help='"cifar10" (downloads it), "generated", or a path of CIFAR-10.',
)


def some_images(what: str = "Images") -> Callable[[F], F]:
    """--data, generated images unless given."""
    return click.option(
        "--data",
        default="generated",
        show_default=True,
        metavar="WHAT",
        help=f'{what}: "generated", "cifar10" (downloads it), or the path of CIFAR-10 in any packaging.',
    )


def seed(of: str) -> Callable[[F], F]:
    """--seed, of these things."""
    return click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help=f"Of {of}.")


def threads(of: str, default: str = "all cores") -> Callable[[F], F]:
    """--threads, of these processes."""
    return click.option("--threads", type=POSITIVE, help=f"CPU threads of {of}.  [default: {default}]")


def timeout(seconds: int) -> Callable[[F], F]:
    """--timeout, which is so many seconds unless given."""
    return click.option(
        "--timeout",
        type=click.FloatRange(1, 86_400),
        default=seconds,
        show_default=True,
        help="Seconds a call may take.",
    )


def json_file(what: str) -> Callable[[F], F]:
    """--json, a file that holds what was found."""
    return click.option("--json", "file", type=A_FILE, help=f"Write {what}, for programs.")
