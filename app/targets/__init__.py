"""Targets: a deployment on one cluster, where desired and observed meet; and the releases observed on the members."""
