"""Cluster groups: named sets of clusters, and the features that are enabled for them."""
