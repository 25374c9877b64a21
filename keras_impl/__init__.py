"""Every technique in Keras 3, on any of its backends. Imports keras only; `torch_impl` is its mirror."""
