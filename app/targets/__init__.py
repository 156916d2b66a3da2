"""Targets: a deployment on one cluster, with its desired and its observed state, and the releases observed on
members."""
