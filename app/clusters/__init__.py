"""Clusters: their registration, their stored data, and the connections to them."""
