"""Clusters: how one is registered, what we keep of it, and how it is reached."""
