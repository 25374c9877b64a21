"""What is seen of two models beside the numbers of evaluation mode."""

from dataclasses import dataclass

from crosscheck.ports.divergence import Place


@dataclass(frozen=True)
class Observation:
    """Where the two part otherwise than in the numbers of evaluation mode.

    Attributes:
        place: where.
        what: "forward", "gradient" or "statistics", all in training mode, or "settings".
        error: relative.
        identifier: of the cause; empty if none was found.
        text: what Keras does instead of what.
        after: the error with the cause done in torch, too; None where the cause is plain to see.
    """

    place: Place
    what: str
    error: float
    identifier: str = ""
    text: str = ""
    after: float | None = None

    @property
    def identifiers(self) -> tuple[str, ...]:
        """Of the cause."""
        return (self.identifier,) if self.identifier else ()

    @property
    def confirmed(self) -> bool:
        """Whether a cause was named: these are tried out, or plain to see."""
        return bool(self.identifier)

    def __str__(self) -> str:
        if self.what == "settings":
            return f"{self.place}: {self.text}"
        said = {"forward": "the outputs", "gradient": "the gradients", "statistics": "the moving statistics"}
        begin = f"{self.place}: in training mode {said[self.what]} are {self.error:.1e} apart"
        if not self.identifier:
            return f"{begin}; none of the known mistakes explains it"
        tried = "" if self.after is None else f" (done so in torch, too, {self.after:.1e} remains)"
        return f"{begin}: {self.text}{tried}"
