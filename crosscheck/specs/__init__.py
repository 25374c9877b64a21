"""The contracts, one module a technique; see `crosscheck.technique`."""
