"""What a user's model prints, shown to its user."""

from crosscheck import console
from crosscheck.sides import Side

# Where a model is built and first called. Later it is called again and again, with other weights and inputs.
_SHOWN = ("open_model", "program")


def show_prints(side: Side) -> None:
    """From now on, show what the model over there prints while it is built and first called."""

    def show(target: str, text: str) -> None:
        if target.partition(":")[2] in _SHOWN:
            for line in text.splitlines():
                console.note(f"{side.name} prints: {line}")

    side.on_print = show
