"""The techniques, one module each, named as in `crosscheck.specs`."""
