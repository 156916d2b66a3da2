"""The problems that a pod's containers report."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from app.health.crashes import Trouble, ended_with_error, exit_words, trouble_of
from app.health.fields import condition_of, items, number, text
from app.health.health import Health, HealthVerdict
from app.health.kstatus import compute
from app.health.result import Status

_SHOWN = 3
"""The maximum number of containers whose problems are in a message."""


def pod_trouble(live: Mapping[str, Any], now: datetime) -> HealthVerdict | None:
    """A Pod that has failed, or has a container that cannot start or crashes, is DEGRADED: between the restarts of a
    container, too."""
    if text(live, "status", "phase") == "Failed":
        return _failed(live)
    found = list(_troubles(live, now))
    if not found:
        return None
    again_at = min((each.until for each in found if each.until), default=None)
    return HealthVerdict(Health.DEGRADED, found[0].reason, "; ".join(each.words for each in found[:_SHOWN]), again_at)


def unschedulable(live: Mapping[str, Any], now: datetime) -> HealthVerdict | None:
    """A Pod that fits on no node gets the scheduler's message."""
    condition = condition_of(live, "PodScheduled", "False")
    if condition is None or condition.reason != "Unschedulable" or text(live, "status", "phase") != "Pending":
        return None
    result = compute(live, now)
    health = Health.DEGRADED if result.status is Status.FAILED else Health.PROGRESSING
    return HealthVerdict(health, result.reason, condition.message or result.message, result.again_at)


def _failed(live: Mapping[str, Any]) -> HealthVerdict:
    ended = [container for container in _containers(live) if ended_with_error(container)]
    own = "; ".join(exit_words(container) for container in ended[:_SHOWN])
    reason = text(live, "status", "reason") or (text(ended[0], "state", "terminated", "reason") if ended else "")
    message = ". ".join(filter(None, (text(live, "status", "message").rstrip(". "), own)))
    return HealthVerdict(Health.DEGRADED, reason or "PodFailed", message or "The pod has failed")


def _troubles(live: Mapping[str, Any], now: datetime) -> Iterator[Trouble]:
    """Sidecars of a pod whose work is done are stopped, often with an error, which means nothing."""
    if _is_done(live):
        return
    probed = {text(each, "name") for field in _SPECS for each in items(live, "spec", field) if "readinessProbe" in each}
    for container in _containers(live):
        if trouble := trouble_of(container, now, is_probed=text(container, "name") in probed):
            yield trouble


_SPECS = ("initContainers", "containers")


def _containers(live: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from items(live, "status", "initContainerStatuses")
    yield from items(live, "status", "containerStatuses")


def _is_done(live: Mapping[str, Any]) -> bool:
    main = items(live, "status", "containerStatuses")
    return bool(main) and all(number(each, "state", "terminated", "exitCode", default=-1) == 0 for each in main)
