"""`python -m crosscheck.training torch|keras ...`: the training scripts, wherever they are installed."""

import sys

from crosscheck.training.command import command

if __name__ == "__main__":
    command(sys.argv.pop(1))(prog_name=f"python -m {__package__}")
