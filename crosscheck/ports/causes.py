"""What each cause of a difference means and how it is put right, in words: the text is in causes.toml."""

import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from importlib import resources

from crosscheck.errors import CrosscheckError

PAGE = "docs/porting.md"


@dataclass(frozen=True)
class CauseText:
    """A cause, explained.

    Attributes:
        identifier: such as "norm.epsilon".
        title: a few words.
        explanation: what happens, why the frameworks part here, how large the effect is.
        torch: what to change in PyTorch if Keras is right.
        keras: what to change in Keras if PyTorch is right.
        unnamed: why `crosscheck compare` never names it; empty for those that it names.
    """

    identifier: str
    title: str
    explanation: str
    torch: str
    keras: str
    unnamed: str = ""

    @property
    def anchor(self) -> str:
        """Where the guide has it."""
        return self.identifier.replace(".", "-")


@cache
def texts() -> dict[str, CauseText]:
    """Every cause that has a text, by its identifier, in the order of the guide."""
    entries = tomllib.loads(resources.files(__package__).joinpath("causes.toml").read_text("utf-8"))
    return {
        identifier: CauseText(identifier, **{name: " ".join(text.split()) for name, text in entry.items()})
        for identifier, entry in entries.items()
    }


def require_known(identifiers: Collection[str], option: str) -> None:
    """Make sure that these are causes.

    Args:
        identifiers: such as "norm.epsilon".
        option: where they were given, as the complaint names it.

    Raises:
        CrosscheckError: one is none.
    """
    unknown = [name for name in identifiers if name not in texts()]
    if unknown:
        raise CrosscheckError(f"{option} {unknown[0]}: there is no such cause; {PAGE} lists them")


def guide_link(identifier: str) -> str:
    """Where the guide explains a cause.

    Raises:
        KeyError: no cause has this identifier.
    """
    return f"{PAGE}#{texts()[identifier].anchor}"
