"""Selectors of clusters."""
