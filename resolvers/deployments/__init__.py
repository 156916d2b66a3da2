"""Deployments, their values and their plans."""
