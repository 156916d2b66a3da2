"""Logs of containers, read from their clusters."""
