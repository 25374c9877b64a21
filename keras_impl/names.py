"""What the layers of a model are called: by the attributes that hold them, as users know them.

A subclassed model seldom names its layers, and Keras then calls them dense_1 and dense_2.
"""

import re
from collections.abc import Iterator
from typing import Any

import keras
from keras.src.utils.naming import to_snake_case

# Where Keras itself keeps a layer's layers.
KEPT = ("_layers", "_operations", "_functional", "_metrics", "_operations_by_depth", "_nodes_by_depth")


class Names:
    """The paths of a model's layers and variables.

    Args:
        model: of the user's.
    """

    def __init__(self, model: keras.Layer) -> None:
        self._layers: dict[int, tuple[str, str]] = {id(model): ("", "")}
        self._variables: dict[int, str] = {}
        self._owners: dict[int, str] = {}
        waiting = [model]
        while waiting:
            layer = waiting.pop(0)
            shown, full = self._layers[id(layer)]
            for attribute, variable in _held(layer, keras.Variable):
                self._variables.setdefault(id(variable), _joined(shown, attribute))
            if type(layer).__module__.startswith("keras."):
                own = type(layer).__name__
                self._owners |= {id(v): own for v in layer.weights if id(v) not in self._owners}
            for attribute, child in _children(layer):
                if id(child) not in self._layers:
                    own = attribute if attribute and is_automatic(child) else child.name
                    paths = _joined(shown, own), _joined(full, attribute or child.name)
                    self._layers[id(child)] = paths
                    waiting.append(child)

    def of(self, layer: Any, path: str) -> tuple[str, tuple[str, ...]]:
        """The path that is shown, and the others; for a layer that no attribute holds, the one given."""
        shown, full = self._layers.get(id(layer), (path, path))
        return shown, tuple(dict.fromkeys(name for name in (path, full) if name != shown))

    def of_variable(self, variable: keras.Variable) -> str:
        """The path of a variable: that of its attribute, or Keras' own."""
        return self._variables.get(id(variable), variable.path)

    def library_owner(self, variable: keras.Variable) -> str:
        """The class of Keras' that a variable belongs to; "" if it is the user's own."""
        return self._owners.get(id(variable), "")


def is_automatic(layer: keras.Layer) -> bool:
    """Whether a layer has the name that Keras gives it."""
    return bool(re.fullmatch(rf"{to_snake_case(type(layer).__name__)}(_\d+)?", layer.name))


def _children(layer: keras.Layer) -> Iterator[tuple[str, keras.Layer]]:
    """The layers in a layer, by attribute; "" for those that only Keras knows."""
    if not type(layer).__module__.startswith("keras."):
        yield from _held(layer, keras.Layer)
    for child in layer._layers:
        yield "", child


def _held(layer: keras.Layer, kind: type) -> Iterator[tuple[str, Any]]:
    """The attributes that hold layers or variables, in lists and dictionaries, too; public ones first."""
    for name, value in sorted(vars(layer).items(), key=lambda item: item[0].startswith("_")):
        if name not in KEPT and isinstance(value, kind | list | tuple | dict):
            yield from ((_joined(name, rest), found) for rest, found in _inside(value, kind))


def _inside(value: Any, kind: type) -> Iterator[tuple[str, Any]]:
    if isinstance(value, kind):
        yield "", value
    elif isinstance(value, list | tuple | dict):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from ((_joined(str(key), rest), found) for rest, found in _inside(item, kind))


def _joined(*parts: str) -> str:
    return ".".join(filter(None, parts))
