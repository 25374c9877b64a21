"""Every technique in PyTorch. Imports torch only; `keras_impl` is its mirror."""
