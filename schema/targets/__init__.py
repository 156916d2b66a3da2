"""Deployments on single clusters."""
