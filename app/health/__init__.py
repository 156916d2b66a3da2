"""The health of live objects: pure functions from an object, as the API server has it, to a verdict with its reason."""
