"""How many targets have each status, health and state of their live objects."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

COUNT_FIELDS = "statusCounts { status count } healthCounts { health count } driftCounts { state count }"

_WORST_FIRST = ("DEGRADED", "MISSING", "UNKNOWN", "TERMINATING", "PROGRESSING", "SUSPENDED", "HEALTHY")
_NOT_COMPARED = "OFF"


def status_counts(row: Any) -> str:
    return ", ".join(f"{each['count']} {each['status']}" for each in row["statusCounts"]) or "no targets"


def health_counts(row: Any) -> str:
    """The worst first."""
    by_health = {each["health"]: each["count"] for each in row["healthCounts"]}
    known = sorted(by_health, key=lambda health: _WORST_FIRST.index(health) if health in _WORST_FIRST else -1)
    return ", ".join(f"{by_health[health]} {health}" for health in known)


def drift_counts(row: Any) -> str:
    """Empty if the objects of no target are compared."""
    return ", ".join(
        f"{each['count']} {each['state']}" for each in row["driftCounts"] if each["state"] != _NOT_COMPARED
    )


def summed(rows: Iterable[Any]) -> Any:
    """The counts of several deployments together."""
    rows = list(rows)
    found = {}
    for counts, name in (("statusCounts", "status"), ("healthCounts", "health"), ("driftCounts", "state")):
        total: Counter[str] = Counter()
        for row in rows:
            total.update({each[name]: each["count"] for each in row[counts]})
        found[counts] = [{name: value, "count": count} for value, count in total.items()]
    return found
