"""Metrics of operations."""

from prometheus_client import Counter

REMEDIES = Counter(
    "polyhelm_remedies_total", "Targets that were rolled back or uninstalled after a failure, by remedy.", ["remedy"]
)
