"""The logs of the pods of a Job, as lines of the log of a step.

Pods and containers are read one after another, in the same order each time, so that an attempt that is executed again
writes the same lines.
"""

import asyncio
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime

from app.clusters.objects import Object, list_objects
from app.core.errors import ActionError
from app.health.fields import text
from app.logs.changes import PodChanges
from app.logs.options import LogOptions
from app.logs.pods import Pod
from app.logs.reading import log_lines
from app.resources.containers import Container, ContainerState, containers_of
from app.resources.tree import POD
from app.resources.workloads import Scope
from app.steps.context import MOST_LINES
from app.steps.places import Place, Reference

_MOST_PODS = 50
_PAUSE = 0.5
_WHOLE = LogOptions()
_Run = tuple[str, str, str]
"""The uid of a pod, the name of a container, and a run of it."""


@dataclass(frozen=True, slots=True)
class _Source:
    pod: Pod
    container: Container

    @property
    def run(self) -> _Run:
        return self.pod.uid, self.container.name, self.container.run


class JobLogs:
    """The log of each run of each container, except for init containers. Has to be closed."""

    def __init__(self, place: Place, what: Reference, selector: str) -> None:
        self._place, self._what, self._selector = place, what, selector
        services, organization_id = place.context.services, place.context.organization_id
        self._changes = PodChanges(lambda: place.member, services.log_streams, organization_id)
        self._changes.follow([Scope(POD, what.namespace, selector)])
        self._turn = asyncio.Lock()
        self._read: set[_Run] = set()
        self._begun: set[str] = set()
        self._latest: dict[_Run, datetime] = {}
        self._lines = 0

    async def close(self) -> None:
        await self._changes.close()

    async def keep_reading(self) -> None:
        """Reads until it is cancelled."""
        while True:
            await self.read()
            while not await self._changes.wait():
                pass

    async def read(self) -> None:
        """Reads what there is: of a container that runs, until it ends. While the cluster cannot be asked, nothing."""
        async with self._turn:
            while self._lines < MOST_LINES:
                try:
                    source = next(iter(_in_order(await self._pods(), self._read)), None)
                    if source is None or not _is_readable(source):
                        return
                    await self._follow(source)
                except ActionError:
                    self._changes.look_soon()
                    return

    async def _follow(self, source: _Source) -> None:
        """Reads the log of a container. It is complete if the container had ended before."""
        run, context = source.run, self._place.context
        had_ended, found_any = source.container.state is ContainerState.TERMINATED, False
        if source.pod.uid not in self._begun:
            self._begun.add(source.pod.uid)
            await context.log(f"Pod {source.pod.name}:")
        after = self._latest.get(run)
        prefix = f"{source.container.name}: " if len(source.pod.containers) > 1 else ""
        lines = log_lines(
            self._place.member, source.pod, source.container.name, _WHOLE, seconds=None, after=after, whole=True
        )
        async with aclosing(lines) as stream:
            async for batch in stream:
                new = [line for line in batch if after is None or line.time is None or line.time > after]
                new = new[: MOST_LINES - self._lines]
                if new:
                    await context.log(*(prefix + line.text for line in new))
                    self._lines += len(new)
                    found_any = True
                    if times := [line.time for line in new if line.time is not None]:
                        self._latest[run] = max(times)
                if self._lines >= MOST_LINES:
                    return
        if had_ended:
            self._read.add(run)
        elif not found_any:
            await asyncio.sleep(_PAUSE)

    async def _pods(self) -> list[Pod]:
        pages = list_objects(
            self._place.member, POD, self._selector, whole=True, namespace=self._what.namespace, most=_MOST_PODS
        )
        async with aclosing(pages) as stream:
            found = [pod async for page in stream for pod in page.items]
        found.sort(key=lambda pod: (text(pod, "metadata", "creationTimestamp"), pod["metadata"]["name"]))
        return [_pod(pod, self._what.namespace) for pod in found]


def _pod(live: Object, namespace: str) -> Pod:
    containers = tuple(each for each in containers_of(live) if not each.is_init)
    is_over = text(live, "status", "phase") in ("Succeeded", "Failed")
    return Pod(namespace, live["metadata"]["name"], text(live, "metadata", "uid"), is_over, containers)


def _in_order(pods: list[Pod], read: set[_Run]) -> Iterator[_Source]:
    """The containers that may have lines that were not read."""
    for pod in pods:
        for container in pod.containers:
            source = _Source(pod, container)
            never_ran = pod.is_over and not _is_readable(source)
            if source.run not in read and not never_ran:
                yield source


def _is_readable(source: _Source) -> bool:
    return source.container.state in (ContainerState.RUNNING, ContainerState.TERMINATED)
