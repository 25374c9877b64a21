"""Mixed precision that a user's Keras code asks for, left out: compared is what the model is to compute."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras


@contextmanager
def none_mixed() -> Iterator[set[str]]:
    """Meanwhile, every policy that is mixed is that of `floatx`; yields the names of those asked for.

    Beside a mixed policy "float32" is how code says that a layer, the last softmax for one, computes in full
    precision; so that is `floatx` then, too.
    """
    policy, asked = keras.DTypePolicy, set[str]()
    own = policy.__init__

    def plain(self: keras.DTypePolicy, name: str | None = None) -> None:
        if isinstance(name, str) and name.startswith("mixed_"):
            asked.add(name)
        in_full = name in asked or (asked and name == "float32")
        own(self, keras.config.floatx() if in_full else name)

    policy.__init__ = plain
    try:
        yield asked
    finally:
        policy.__init__ = own
