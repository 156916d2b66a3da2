"""The release logic: pure functions from the desired and the actual state of a release to its status and the next step.

This package does no I/O."""
