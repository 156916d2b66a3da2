"""Reads logs of a target's containers from its member."""

from collections import deque
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime
from urllib.parse import quote

from app.clusters.member import Member
from app.core.concurrency import for_each
from app.core.errors import ActionError, NotFound
from app.identity.permissions import Permission
from app.identity.viewer import Viewer
from app.logs.entries import Entry, EntryKind, merged
from app.logs.lines import Line, Splitter
from app.logs.options import LARGEST_LOG, LogOptions
from app.logs.pods import Pod, pods_of, workloads_of
from app.resources.codes import ResourceCode
from app.resources.containers import Container
from app.resources.place import place_of, reading_from
from app.resources.services import ResourceServices
from app.resources.tree import POD

_AT_ONCE = 4
_SECONDS = 10.0
"""The time limit for the log of one container."""
_MOST_CONTAINERS = 100


async def read_logs(services: ResourceServices, viewer: Viewer, target_id: int, asked: LogOptions) -> list[Entry]:
    """The newest lines of a target's containers, in the order of their times.

    Raises:
        NotFound: if the target, or the pod, does not exist.
        Forbidden: if the viewer may not read logs of this target.
        ClusterUnreachable: if the member cannot be read.
    """
    place = await place_of(services, viewer, target_id, Permission.LOGS_READ)
    asked.check()
    workloads = await workloads_of(services, target_id)
    async with reading_from(services, place) as member:
        pods = (await pods_of(member, workloads)).only(asked.pod).pods
        if asked.pod is not None and not pods:
            raise no_pod(asked.pod)
        chosen = [(pod, container) for pod in pods for container in asked.chosen(pod.containers)]

        async def read(source: tuple[Pod, Container]) -> list[Entry]:
            pod, container = source
            lines = deque[Entry](maxlen=asked.tail)
            size = 0
            try:
                async with aclosing(log_lines(member, pod, container.name, asked, seconds=_SECONDS)) as stream:
                    async for found in stream:
                        lines += (entry_of(pod, container.name, line) for line in found if asked.matches(line.text))
                        size += sum(len(line.text) for line in found)
                        if size > LARGEST_LOG:
                            break
            except ActionError as error:
                return [*lines, Entry(EntryKind.FAILED, error.message, None, pod.name, container.name)]
            return list(lines)

        found = await for_each(chosen[:_MOST_CONTAINERS], read, at_once=_AT_ONCE)
    entries = merged(entry for each in found for entry in each)
    if len(chosen) > _MOST_CONTAINERS:
        words = f"The logs of the first {_MOST_CONTAINERS} of {len(chosen)} containers are shown."
        entries.append(Entry(EntryKind.FAILED, words))
    return entries[-asked.tail :] if asked.tail else []


async def log_lines(
    member: Member,
    pod: Pod,
    container: str,
    asked: LogOptions,
    *,
    seconds: float | None,
    after: datetime | None = None,
    whole: bool = False,
) -> AsyncGenerator[list[Line]]:
    """The lines of a container as they arrive; without `seconds`, until the container ends.

    Raises:
        ActionError: if the member cannot be reached or refuses.
    """
    path = f"{POD.path_in(pod.namespace)}/{quote(pod.name, safe='')}/log"
    query = asked.query(container, follow=seconds is None, after=after, whole=whole)
    splitter = Splitter()
    async with aclosing(member.text(path, query, seconds=seconds)) as stream:
        async for chunk in stream:
            if lines := splitter.feed(chunk):
                yield lines
    if lines := splitter.end():
        yield lines


def entry_of(pod: Pod, container: str, line: Line) -> Entry:
    return Entry(EntryKind.LINE, line.text, line.time, pod.name, container)


def no_pod(name: str) -> NotFound:
    return NotFound(ResourceCode.POD_NOT_FOUND, f"The target has no pod {name!r}.", ("pod",))
