"""Secrets that deployments refer to."""
