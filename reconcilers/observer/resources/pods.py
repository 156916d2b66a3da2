"""Explains why a workload is not healthy, from its pods. Only the pods of unhealthy workloads are read.

While a workload is on its way, its pods are watched, so that a failure is known as soon as the API server knows it.
Where no watch is free, and once a failure is known, they are listed instead: after each change of the workload, and at
growing intervals.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog

from app.clusters.member import Member
from app.clusters.objects import Object, ObjectChange, list_objects, object_changes
from app.core.concurrency import for_each
from app.core.errors import ActionError
from app.core.limiter import Limiter
from app.health.health import Health, HealthVerdict, worst
from app.resources.seen import Key, Seen, read_seen
from app.resources.tree import POD
from app.tables.columns import now

log = structlog.get_logger()

_MOST = 50  # pods of one workload
_MOST_WORKLOADS = 500  # of one member
_AT_ONCE = 2
_SOONEST = 0.25
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0
_WATCH_SECONDS = 300
"""The length of a watch. Another workload may get the next one."""
_AILING = (Health.PROGRESSING, Health.DEGRADED)
_WORKLOADS = frozenset(
    {
        *(("apps", kind) for kind in ("DaemonSet", "Deployment", "ReplicaSet", "StatefulSet")),
        ("batch", "Job"),
    }
)


@dataclass(slots=True)
class _Ailing:
    """A workload that is not healthy: its last state, and the verdicts on its failed pods by their names.

    `failure` is what is shown of them. `due` is when they are listed next. `watch` reports their changes.
    """

    seen: Seen
    failed: dict[str, HealthVerdict] = field(default_factory=dict)
    failure: HealthVerdict | None = None
    looked_at: float = float("-inf")
    due: float = field(default_factory=time.monotonic)
    pause: float = _FIRST_PAUSE
    watch: asyncio.Task[None] | None = None

    def stop(self) -> None:
        if self.watch is not None:
            self.watch.cancel()
            self.watch = None


class Pods:
    """Calls `show` with the state of a workload when the verdict on its pods changes. `watches` limits the watches of
    pods, of which `cluster_id` has its share."""

    def __init__(self, member: Member, show: Callable[[Key, Seen], None], watches: Limiter, cluster_id: int) -> None:
        self._member = member
        self._show = show
        self._watches = watches
        self._cluster_id = cluster_id
        self._ailing: dict[Key, _Ailing] = {}
        self._wanted = asyncio.Event()
        self._group = asyncio.TaskGroup()

    def attend(self, key: Key, seen: Seen) -> Seen:
        """Records the state of an object; returns it with the failure of its pods, if one is known. A workload that is
        healthy again keeps its failure until its pods have been listed: a container that crashes again and again is
        ready in between."""
        ailing = self._ailing.get(key)
        health, has_failed = seen.verdict.health, ailing is not None and ailing.failure is not None
        is_ailing = health in _AILING or (health is Health.HEALTHY and has_failed)
        if not is_ailing or (key.group, key.kind) not in _WORKLOADS or seen.selector is None:
            self._forget(key)
            return seen
        if ailing is None:
            if len(self._ailing) >= _MOST_WORKLOADS:
                return seen
            ailing = self._ailing[key] = _Ailing(seen)
        if ailing.watch is None or seen.selector != ailing.seen.selector:
            ailing.pause = _FIRST_PAUSE
            ailing.due = min(ailing.due, max(time.monotonic(), ailing.looked_at + _SOONEST))
            self._wanted.set()
        ailing.seen = seen
        return _with_failure(seen, ailing.failure)

    def _forget(self, key: Key) -> None:
        if (ailing := self._ailing.pop(key, None)) is not None:
            ailing.stop()

    async def run(self) -> None:
        """Reads the pods of unhealthy workloads until it is cancelled."""
        try:
            async with asyncio.TaskGroup() as self._group:
                await self._look_always()
        finally:
            for ailing in self._ailing.values():
                if ailing.watch is not None:
                    ailing.watch, ailing.due = None, time.monotonic()

    async def _look_always(self) -> None:
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
        """Lists the pods of a workload, then watches them if that can show more."""
        ailing = self._ailing.get(key)
        if ailing is None or (selector := ailing.seen.selector) is None:
            return
        ailing.stop()
        ailing.looked_at = time.monotonic()
        ailing.due = ailing.looked_at + ailing.pause
        ailing.pause = min(2 * ailing.pause, _LONGEST_PAUSE)
        failed: dict[str, HealthVerdict] = {}
        times: list[datetime | None] = []
        version = 0
        try:
            pages = list_objects(self._member, POD, selector, whole=True, namespace=key.namespace, most=_MOST)
            async with aclosing(pages) as stream:
                async for page in stream:
                    version = page.version
                    times += [_note(failed, pod) for pod in page.items]
        except ActionError as error:
            log.info("resources.no_pods", kind=key.kind, name=key.name, error=error.message)
            if ailing.seen.verdict.health is not Health.HEALTHY:
                return
        if self._ailing.get(key) is not ailing:
            return
        ailing.failed = failed
        self._tell(key, ailing)
        if self._ailing.get(key) is ailing:
            self._watch(key, ailing, selector, version)
            self._look_again(ailing, times)

    def _look_again(self, ailing: _Ailing, times: list[datetime | None]) -> None:
        """Lists the pods at the earliest of these times, when a verdict changes with time alone."""
        if (first := min(filter(None, times), default=None)) is not None:
            ailing.due = min(ailing.due, time.monotonic() + max(0.1, (first - now()).total_seconds()))
            self._wanted.set()

    def _tell(self, key: Key, ailing: _Ailing) -> None:
        """Shows the worst failure of the pods, if it has changed. Below a healthy workload only failures count that end
        by themselves, as a crash does: a pod that has failed for good has been replaced."""
        seen = ailing.seen
        is_healthy = seen.verdict.health not in _AILING
        counted = [each for each in ailing.failed.values() if each.again_at is not None or not is_healthy]
        failure = worst(counted) if counted else None
        if is_healthy and failure is None:
            self._forget(key)
        if failure != ailing.failure:
            ailing.failure = failure
            self._show(key, _with_failure(seen, failure))

    def _watch(self, key: Key, ailing: _Ailing, selector: str, version: int) -> None:
        """Watches the pods of a workload that is on its way, if a watch is free. They are not listed meanwhile."""
        if ailing.failure is not None or ailing.seen.verdict.health is not Health.PROGRESSING:
            return
        if (slot := self._watches.acquire_now(self._cluster_id)) is None:
            return
        ailing.due = time.monotonic() + _WATCH_SECONDS
        ailing.watch = self._group.create_task(self._follow(key, ailing, selector, version))
        ailing.watch.add_done_callback(lambda _: slot.release())

    async def _follow(self, key: Key, ailing: _Ailing, selector: str, version: int) -> None:
        changes = object_changes(
            self._member, POD, selector, version, whole=True, seconds=_WATCH_SECONDS, namespace=key.namespace
        )
        try:
            async with aclosing(changes) as stream:
                async for batch in stream:
                    times = [_note_change(ailing.failed, change) for change in batch]
                    self._look_again(ailing, times)
                    self._tell(key, ailing)
                    if ailing.failure is not None:
                        break
        except ActionError as error:
            log.info("resources.pods_not_watched", kind=key.kind, name=key.name, error=error.message)
        ailing.watch = None
        ailing.due = time.monotonic() + ailing.pause
        self._wanted.set()


def _note_change(failed: dict[str, HealthVerdict], change: ObjectChange) -> datetime | None:
    if change.item is None:
        return None
    if change.is_deleted:
        failed.pop(change.item["metadata"]["name"], None)
        return None
    return _note(failed, change.item)


def _note(failed: dict[str, HealthVerdict], pod: Object) -> datetime | None:
    """Keeps the verdict on a pod if it has failed; returns when it has to be judged again."""
    name = pod["metadata"]["name"]
    verdict = read_seen(pod, POD, now()).verdict
    if verdict.health is Health.DEGRADED and (name in failed or len(failed) < _MOST):
        why = verdict.message or verdict.reason or "it has failed"
        failed[name] = HealthVerdict(Health.DEGRADED, verdict.reason, f"Pod {name}: {why}", verdict.again_at)
    elif verdict.health is not Health.DEGRADED:
        failed.pop(name, None)
    return verdict.again_at


def _with_failure(seen: Seen, failure: HealthVerdict | None) -> Seen:
    return seen if failure is None else seen.with_verdict(replace(failure, again_at=None))
