"""Drift of live objects: where an object differs from what its release wants. Pure functions, no I/O."""
