"""The problems that a pod's containers report."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from app.health.fields import condition_of, items, number, text
from app.health.health import Health, Verdict
from app.health.kstatus import compute
from app.health.result import Status

_SHOWN = 3
"""The maximum number of containers whose problems are in a message."""


def pod_trouble(live: Mapping[str, Any], _: datetime) -> Verdict | None:
    """A Pod that has failed, or has a container that cannot start or crashes, is DEGRADED."""
    if text(live, "status", "phase") == "Failed":
        return _failed(live)
    found = [container for container in _containers(live) if _is_trouble(_waiting(container))]
    if not found:
        return None
    return Verdict(Health.DEGRADED, _waiting(found[0]), "; ".join(map(_words, found[:_SHOWN])))


def unschedulable(live: Mapping[str, Any], now: datetime) -> Verdict | None:
    """A Pod that fits on no node gets the scheduler's message."""
    condition = condition_of(live, "PodScheduled", "False")
    if condition is None or condition.reason != "Unschedulable" or text(live, "status", "phase") != "Pending":
        return None
    result = compute(live, now)
    health = Health.DEGRADED if result.status is Status.FAILED else Health.PROGRESSING
    return Verdict(health, result.reason, condition.message or result.message, result.again_at)


def _failed(live: Mapping[str, Any]) -> Verdict:
    ended = [container for container in _containers(live) if number(container, *_ENDED, "exitCode", default=0) != 0]
    own = "; ".join(_exit(container, *_ENDED) for container in ended[:_SHOWN])
    reason = text(live, "status", "reason") or (text(ended[0], *_ENDED, "reason") if ended else "")
    message = ". ".join(filter(None, (text(live, "status", "message").rstrip(". "), own)))
    return Verdict(Health.DEGRADED, reason or "PodFailed", message or "The pod has failed")


_ENDED = ("state", "terminated")
_LAST = ("lastState", "terminated")


def _containers(live: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from items(live, "status", "initContainerStatuses")
    yield from items(live, "status", "containerStatuses")


def _waiting(container: Mapping[str, Any]) -> str:
    return text(container, "state", "waiting", "reason")


def _is_trouble(reason: str) -> bool:
    """ErrImagePull, ImagePullBackOff, CrashLoopBackOff, CreateContainerConfigError and the like."""
    return reason == "InvalidImageName" or reason.startswith("Err") or reason.endswith(("Error", "BackOff"))


def _words(container: Mapping[str, Any]) -> str:
    """How the container last ended, and why it waits."""
    waits = text(container, "state", "waiting", "message") or _waiting(container)
    if text(container, *_LAST, "reason") or number(container, *_LAST, "exitCode", default=0):
        return f"{_exit(container, *_LAST)}. {waits}"
    return f"{text(container, 'name')}: {waits}"


def _exit(container: Mapping[str, Any], *path: str) -> str:
    reason, message = text(container, *path, "reason"), text(container, *path, "message").strip()
    ended = f"{text(container, 'name')} exited with code {number(container, *path, 'exitCode', default=0)}"
    return ended + (f" ({reason})" if reason else "") + (f": {message}" if message else "")
