"""Follows the logs of a target's containers: pods that appear later join, containers that restart are read again.

Each container is read by a task of its own. They put entries into one bounded backlog, from which the subscriber takes
batches. The pods are listed again when a watch reports a change of them.
"""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime

from app.clusters.member import Member, Purpose
from app.core.errors import ActionError, ClusterUnreachable, RateLimited
from app.core.limiter import Slot
from app.identity.permissions import Permission
from app.identity.viewer import Viewer
from app.logs.changes import PodChanges
from app.logs.entries import Backlog, Entry, EntryKind
from app.logs.options import LogOptions
from app.logs.pods import Listed, Pod, Workloads, pods_of, workloads_of
from app.logs.reading import entry_of, log_lines, no_pod
from app.resources.containers import Container, ContainerState
from app.resources.place import Place, place_of, reading_from
from app.resources.services import ResourceServices

_MOST_CONTAINERS = 50
_BATCH = 500
_PAUSE = 0.1
"""Entries that arrive within this number of seconds are sent together, in the order of their times."""
_BACKLOG_LINES, _BACKLOG_CHARACTERS = 5000, 2**20
_BYTES_PER_SECOND = 2 * 2**20
"""The rate at which one container is read; the member has to wait with the rest."""
_SMALL = 4096
SILENT_SECONDS = 10.0
"""The log of a container that has ended is given up if nothing arrives for this long: the connection of a node that
fails is not closed."""


async def follow_logs(
    services: ResourceServices, viewer: Viewer, target_id: int, asked: LogOptions
) -> AsyncGenerator[list[Entry]]:
    """The newest lines, and then each new one, until the requested pod has ended.

    Raises:
        NotFound: if the target, or the pod, does not exist.
        Forbidden: if the viewer may not read logs of this target.
        ClusterUnreachable: if the member cannot be read at first.
    """
    place = await place_of(services, viewer, target_id, Permission.LOGS_READ)
    asked.check()
    following = _Following(services, viewer, place, asked)
    await following.begin()
    running = asyncio.create_task(following.run())
    try:
        while True:
            await following.news.wait()
            await asyncio.sleep(_PAUSE)
            while batch := following.take():
                yield batch
            if running.done():
                running.result()
                return
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@dataclass
class _Source:
    """A container that is followed. `run` is the run of the container that `task` reads."""

    pod: Pod
    container: Container
    slot: Slot
    task: asyncio.Task[None]
    latest: datetime | None = None
    failure: str | None = None
    is_over: bool = False
    active_at: float = field(default_factory=time.monotonic)
    """When a line arrived, or the container was last seen running."""


class _Following:
    def __init__(self, services: ResourceServices, viewer: Viewer, place: Place, asked: LogOptions) -> None:
        self._services, self._viewer, self._place, self._asked = services, viewer, place, asked
        self._backlog = Backlog(lines=_BACKLOG_LINES, characters=_BACKLOG_CHARACTERS)
        self._sources: dict[tuple[str, str], _Source] = {}
        self._workloads: Workloads = {}
        self._first = Listed([], frozenset())
        self._changes = PodChanges(self._watched, services.log_streams, place.facts.organization_id)
        self._problem: str | None = None
        self._has_too_many = False
        self.news = asyncio.Event()

    def take(self) -> list[Entry]:
        self.news.clear()
        found = self._backlog.take(_BATCH)
        if len(self._backlog):
            self.news.set()
        return found

    def _watched(self) -> Member:
        return self._place.member.used_for(Purpose.LOGS)

    async def begin(self) -> None:
        self._workloads = await workloads_of(self._services, self._place.facts.id)
        self._first = await self._listed()
        if self._asked.pod is not None and not self._first.pods:
            raise no_pod(self._asked.pod)

    async def run(self) -> None:
        """Follows the containers until the requested pod has ended."""
        try:
            await self._look(self._first, joined=False)
            while not self._is_over:
                if await self._may_have_changed():
                    await self._look_again()
        finally:
            tasks = [source.task for source in self._sources.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._changes.close()
            self.news.set()

    async def _may_have_changed(self) -> bool:
        """Waits a while; returns whether the pods have to be listed: some have changed, or the target has other
        workloads. The target may be gone by now, and the viewer may have lost the permission with the group."""
        has_changed = await self._changes.wait()
        target_id = self._place.facts.id
        self._place = await place_of(self._services, self._viewer, target_id, Permission.LOGS_READ)
        workloads = await workloads_of(self._services, target_id)
        has_changed |= workloads != self._workloads
        self._workloads = workloads
        return has_changed

    async def _look_again(self) -> None:
        try:
            listed = await self._listed()
            self._problem = None
        except (ClusterUnreachable, RateLimited) as error:
            self._changes.look_soon()
            if self._problem is None:
                self._problem = str(error)
                self._put(Entry(EntryKind.FAILED, str(error)))
            return
        await self._look(listed, joined=True)

    @property
    def _is_over(self) -> bool:
        return self._asked.pod is not None and all(source.is_over for source in self._sources.values())

    async def _listed(self) -> Listed:
        async with reading_from(self._services, self._place) as member:
            return (await pods_of(member, self._workloads)).only(self._asked.pod)

    async def _look(self, listed: Listed, *, joined: bool) -> None:
        present = set()
        for pod in listed.pods:
            for container in self._asked.chosen(pod.containers):
                key = pod.uid, container.name
                present.add(key)
                source = self._sources.get(key)
                if source is None:
                    self._add(key, pod, container, joined=joined)
                elif not source.task.done():
                    self._give_up_if_silent(source, has_ended=not container.continues(source.container))
                elif not source.is_over:
                    self._go_on(key, source, pod, container)
        for key, source in list(self._sources.items()):
            if key in present:
                continue
            if not source.task.done():
                self._give_up_if_silent(source, has_ended=True)
                continue
            if not source.is_over:
                self._say(source, EntryKind.ENDED, "The pod no longer exists.")
            if self._asked.pod is None:
                del self._sources[key]
            source.is_over = True
        if listed.pods or self._asked.pod is None:
            self._changes.follow(listed.scopes)

    def _give_up_if_silent(self, source: _Source, *, has_ended: bool) -> None:
        if not has_ended:
            source.active_at = time.monotonic()
        elif time.monotonic() - source.active_at < SILENT_SECONDS:
            self._changes.look_soon()
        else:
            source.task.cancel()

    def _add(self, key: tuple[str, str], pod: Pod, container: Container, *, joined: bool) -> None:
        slot = None
        if len(self._sources) < _MOST_CONTAINERS:
            slot = self._services.log_streams.acquire_now(self._place.facts.organization_id)
        if slot is None:
            self._changes.look_soon()
            if not self._has_too_many:
                self._has_too_many = True
                words = "Too many logs are followed at once, so some containers are omitted. Choose a pod."
                self._put(Entry(EntryKind.FAILED, words))
            return
        if joined:
            self._put(Entry(EntryKind.JOINED, f"Container {container.name} started.", None, pod.name, container.name))
        self._start(key, pod, container, slot, whole=joined)

    def _go_on(self, key: tuple[str, str], source: _Source, pod: Pod, container: Container) -> None:
        """The log has ended: the container has been restarted or has ended, or the connection was lost."""
        if self._asked.previous:
            source.is_over = True
        elif container.run != source.container.run:
            code = container.previous_exit_code
            ended = "" if code is None else f" It had exited with code {code}."
            self._say(source, EntryKind.RESTARTED, f"Container {container.name} was restarted.{ended}")
            self._start(key, pod, container, None, whole=True)
        elif container.state is ContainerState.RUNNING:
            self._start(key, pod, container, None, after=source.latest, failure=source.failure)
        elif pod.is_over:
            self._say(source, EntryKind.ENDED, f"Container {container.name} exited with code {container.exit_code}.")
            source.is_over = True

    def _start(
        self,
        key: tuple[str, str],
        pod: Pod,
        container: Container,
        slot: Slot | None,
        *,
        after: datetime | None = None,
        whole: bool = False,
        failure: str | None = None,
    ) -> None:
        """A container that is read again needs a new slot: the one before was released when its log ended."""
        slot = slot or self._services.log_streams.acquire_now(self._place.facts.organization_id)
        if slot is None:
            self._changes.look_soon()
            return
        task = asyncio.create_task(self._read(key, after, whole=whole))
        task.add_done_callback(lambda _: slot.release())
        # The connection may have been lost, or the watch may have reported the end before the last line was read.
        task.add_done_callback(lambda _: self._changes.look_soon())
        self._sources[key] = _Source(pod, container, slot, task, after, failure)

    async def _read(self, key: tuple[str, str], after: datetime | None, *, whole: bool) -> None:
        source = self._sources[key]
        name, member = source.container.name, self._place.member.used_for(Purpose.LOGS)
        lines = log_lines(member, source.pod, name, self._asked, seconds=None, after=after, whole=whole)
        try:
            async with aclosing(lines) as stream:
                async for found in stream:
                    size = 0
                    for line in found:
                        size += len(line.text)
                        if line.time is not None and after is not None and line.time <= after:
                            continue  # it was sent before the connection was lost
                        source.latest = line.time or source.latest
                        if self._asked.matches(line.text):
                            self._put(entry_of(source.pod, name, line))
                    source.failure, source.active_at = None, time.monotonic()
                    if size > _SMALL:
                        await asyncio.sleep(size / _BYTES_PER_SECOND)
        except ActionError as error:
            if error.message != source.failure:
                source.failure = error.message
                self._say(source, EntryKind.FAILED, error.message)

    def _say(self, source: _Source, kind: EntryKind, words: str) -> None:
        self._put(Entry(kind, words, source.latest, source.pod.name, source.container.name))

    def _put(self, entry: Entry) -> None:
        self._backlog.put(entry)
        self.news.set()
