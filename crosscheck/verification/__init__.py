"""Proving that the two implementations of a technique are equal: what `crosscheck verify` runs."""
