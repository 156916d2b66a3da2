"""Clusters and the releases on them."""
