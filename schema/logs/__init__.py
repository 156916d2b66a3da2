"""The logs of containers."""
