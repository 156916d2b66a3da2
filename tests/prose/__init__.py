"""Checks the prose of the documentation and of the code: `python -m tests.prose`, part of `make check`."""
