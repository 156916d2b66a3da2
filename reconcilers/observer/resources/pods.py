"""Explains why a workload is not healthy, from its pods. Only the pods of unhealthy workloads are listed."""

import asyncio
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field

import structlog

from app.clusters.member import Member
from app.clusters.objects import ObjectType, list_objects
from app.core.concurrency import for_each
from app.core.errors import ActionError
from app.health.health import Health, Verdict, worst
from app.resources.seen import Key, Seen, read_seen
from app.tables.columns import now

log = structlog.get_logger()

_PODS = ObjectType("", "v1", "Pod", "pods", namespaced=True)
_MOST = 50  # pods of one workload
_MOST_WORKLOADS = 500  # of one member
_AT_ONCE = 2
_SOONEST = 0.25
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0
_AILING = (Health.PROGRESSING, Health.DEGRADED)
_WORKLOADS = frozenset(
    {
        *(("apps", kind) for kind in ("DaemonSet", "Deployment", "ReplicaSet", "StatefulSet")),
        ("batch", "Job"),
    }
)


@dataclass(slots=True)
class _FailingPod:
    """A workload that is not healthy: its last state, and the verdict on its worst pod, if one has failed."""

    seen: Seen
    failure: Verdict | None = None
    looked_at: float = float("-inf")
    due: float = field(default_factory=time.monotonic)
    pause: float = _FIRST_PAUSE


class Pods:
    """Calls `show` with the state of a workload when the verdict on its pods changes."""

    def __init__(self, member: Member, show: Callable[[Key, Seen], None]) -> None:
        self._member = member
        self._show = show
        self._ailing: dict[Key, _FailingPod] = {}
        self._wanted = asyncio.Event()

    def attend(self, key: Key, seen: Seen) -> Seen:
        """Records the state of an object; returns it with the failure of its pods, if one is known."""
        is_ailing = (key.group, key.kind) in _WORKLOADS and seen.verdict.health in _AILING and seen.selector is not None
        if not is_ailing or (key not in self._ailing and len(self._ailing) >= _MOST_WORKLOADS):
            self._ailing.pop(key, None)
            return seen
        ailing = self._ailing.setdefault(key, _FailingPod(seen))
        ailing.seen, ailing.pause = seen, _FIRST_PAUSE
        ailing.due = min(ailing.due, max(time.monotonic(), ailing.looked_at + _SOONEST))
        self._wanted.set()
        return _with_failure(seen, ailing.failure)

    async def run(self) -> None:
        """Lists pods of unhealthy workloads after each change, then at growing intervals, until it is cancelled."""
        while True:
            self._wanted.clear()
            due = min((ailing.due for ailing in self._ailing.values()), default=None)
            pause = None if due is None else due - time.monotonic()
            if pause is None or pause > 0:
                try:
                    async with asyncio.timeout(pause):
                        await self._wanted.wait()
                except TimeoutError:
                    pass
                continue
            moment = time.monotonic()
            keys = [key for key, ailing in self._ailing.items() if ailing.due <= moment]
            await for_each(keys, self._look, at_once=_AT_ONCE)

    async def _look(self, key: Key) -> None:
        ailing = self._ailing.get(key)
        if ailing is None or ailing.seen.selector is None:
            return
        ailing.looked_at = time.monotonic()
        ailing.due = ailing.looked_at + ailing.pause
        ailing.pause = min(2 * ailing.pause, _LONGEST_PAUSE)
        try:
            failure = await self._failure(key.namespace, ailing.seen.selector)
        except ActionError as error:
            log.info("resources.no_pods", kind=key.kind, name=key.name, error=error.message)
            return
        if self._ailing.get(key) is ailing and failure != ailing.failure:
            ailing.failure = failure
            self._show(key, _with_failure(ailing.seen, failure))

    async def _failure(self, namespace: str, selector: str) -> Verdict | None:
        """The worst verdict on a failed pod; None if no pod has failed."""
        found: list[Verdict] = []
        pages = list_objects(self._member, _PODS, selector, whole=True, namespace=namespace, most=_MOST)
        async with aclosing(pages) as stream:
            async for page in stream:
                for pod in page.items:
                    verdict = read_seen(pod, _PODS, now()).verdict
                    if verdict.health is Health.DEGRADED:
                        why = verdict.message or verdict.reason or "it has failed"
                        found.append(Verdict(Health.DEGRADED, verdict.reason, f"Pod {pod['metadata']['name']}: {why}"))
        return worst(found) if found else None


def _with_failure(seen: Seen, failure: Verdict | None) -> Seen:
    return seen if failure is None else seen.with_verdict(failure)
