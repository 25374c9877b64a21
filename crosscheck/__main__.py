"""The command `crosscheck`, as `python -m crosscheck` too, which Ctrl-C ends in order from its beginning."""

import signal


def run() -> None:
    """Load the commands, and do what the command line says."""
    # Loading takes a second, before any command can say that it was interrupted.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from crosscheck.cli import main

    main(prog_name="crosscheck")


if __name__ == "__main__":
    run()
