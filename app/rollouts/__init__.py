"""Rollouts: pure functions that decide which targets of a deployment move to its newest generation, and when.

This package does no I/O."""
