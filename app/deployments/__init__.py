"""Deployments: one chart as one release on many clusters; what is wanted, and how that is changed."""
