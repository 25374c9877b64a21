"""Every technique in Keras 3, on its tensorflow, jax and torch backends. Imports keras only; `torch_impl` is its mirror."""
