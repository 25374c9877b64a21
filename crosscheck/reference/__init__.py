"""The third witness: plain numpy operations that the oracles are built from.

Written for clarity, in float64, channels last, from the definitions rather than from either
framework's code. Nothing here is fast and nothing here is trained with.
"""
