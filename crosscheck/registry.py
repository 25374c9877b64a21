"""How techniques, recipes and experiments are found: the modules of a package declare them."""

import importlib
import pkgutil
from collections.abc import Mapping
from types import ModuleType
from typing import Any, TypeVar

from crosscheck.errors import CrosscheckError

T = TypeVar("T")


def declared(package: ModuleType, attribute: str) -> dict[str, Any]:
    """What the modules of a package define under this name, by module; those that do not are passed over."""
    found = {}
    for module in pkgutil.iter_modules(package.__path__):
        value = getattr(importlib.import_module(f"{package.__name__}.{module.name}"), attribute, None)
        if value is not None:
            found[module.name] = value
    return found


def lookup(known: Mapping[str, T], kind: str, name: str) -> T:
    """The one of this name.

    Raises:
        CrosscheckError: there is none; the message lists those there are.
    """
    if name not in known:
        raise CrosscheckError(f"there is no {kind} {name!r}; there are: {', '.join(known)}")
    return known[name]
