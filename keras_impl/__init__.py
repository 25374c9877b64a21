"""The techniques in Keras 3, on any of its backends."""

import importlib
from types import ModuleType


def implementation(technique_name: str) -> ModuleType:
    """The module that implements a technique."""
    return importlib.import_module(f"{__name__}.techniques.{technique_name}")
