"""Measures the checks of rollouts."""
