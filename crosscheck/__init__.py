"""Deep-learning techniques in PyTorch and in Keras 3, proven equal under shared weights.

This package is neutral: it imports neither framework (a test holds it to that). Each framework
runs in a process of its own; see `crosscheck.sides`.
"""

__version__ = "0.1.0"
