"""Deployments: one chart as one release on many clusters; their wanted state, and changes of it."""
