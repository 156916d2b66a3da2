"""Follows the objects of one kind on one member: lists them once, then watches them."""

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass

import structlog

from app.clusters.member import Member
from app.clusters.objects import OF_HELM, Object, ObjectType, list_objects, object_changes
from app.core.errors import ActionError, TemporaryError
from app.core.limiter import Limiter
from app.core.tenancy import current_tenant
from app.releases.error_codes import ActionCode
from app.resources.seen import Key, is_judged, key_of
from reconcilers.metrics import OBSERVATIONS

log = structlog.get_logger()

_WATCH_SECONDS = 600
_SHORTEST_WATCH = 1.0
_BETWEEN_LISTS = 2.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 15.0
_REFUSED_PAUSE, _LONGEST_REFUSED_PAUSE = 30.0, 600.0
_REFUSALS = (
    ActionCode.CLUSTER_UNAUTHORIZED,
    ActionCode.CLUSTER_REFUSED,
    ActionCode.CLUSTER_UNEXPECTED_ANSWER,
    ActionCode.WATCH_UNREADABLE,
)


@dataclass(frozen=True, slots=True)
class KindListener:
    """Callbacks for the objects of a kind. `take` gets each object, and whether it was deleted; `listed` the keys of
    all objects after a list; `unreadable` the error because of which the kind cannot be read."""

    take: Callable[[Object, ObjectType, bool], None]
    listed: Callable[[ObjectType, set[Key]], None]
    unreadable: Callable[[ObjectType, ActionError], None]


class KindStream:
    """A kind that could not be read on a reachable member for `reported_after` seconds is reported."""

    def __init__(
        self,
        member: Member,
        kind: ObjectType,
        listener: KindListener,
        *,
        cluster_id: int,
        streams: Limiter,
        lists: Limiter,
        list_every: float,
        reported_after: float,
    ) -> None:
        self.kind = kind
        self.is_listed = asyncio.Event()
        """Set once the kind was listed, or turned out to be unreadable."""
        self._member = member
        self._listener = listener
        self._cluster_id = cluster_id
        self._streams = streams
        self._lists = lists
        self._list_every = list_every
        self._reported_after = reported_after
        self._whole = is_judged(kind.group, kind.kind)
        self._version: int | None = None
        self._listed_at = float("-inf")
        self._well_at = time.monotonic()
        self._failures = 0

    async def run(self) -> None:
        """Follows the kind until it is cancelled."""
        while True:
            try:
                if self._version is None:
                    await self._list()
                await self._follow()
            except ActionError as error:
                OBSERVATIONS.labels(error.code).inc()
                self._version = None if error.code != ActionCode.CLUSTER_UNREACHABLE else self._version
                if error.code != ActionCode.WATCH_EXPIRED:
                    await self._pause(error)
            except Exception:
                log.exception("resources.failed", cluster=self._cluster_id, kind=self.kind.kind)
                self._version = None
                await self._pause(
                    TemporaryError(ActionCode.INTERNAL, "Polyhelm failed to read it. See the observer's log.")
                )

    async def _list(self) -> None:
        await asyncio.sleep(max(0.0, self._listed_at + _BETWEEN_LISTS - time.monotonic()))
        keys: set[Key] = set()
        version = 0
        async with (
            self._lists.slot(current_tenant()),
            aclosing(list_objects(self._member, self.kind, OF_HELM, whole=self._whole)) as pages,
        ):
            self._listed_at = time.monotonic()
            async for page in pages:
                version = version or page.version
                for item in page.items:
                    keys.add(key_of(item, self.kind))
                    self._listener.take(item, self.kind, False)
        self._version = version
        self._listener.listed(self.kind, keys)
        self._note_success()

    async def _follow(self) -> None:
        slot = self._streams.acquire_now(self._cluster_id)
        if slot is None:  # all watches are in use
            await asyncio.sleep(self._list_every * random.uniform(0.9, 1.1))  # noqa: S311
            self._version = None
            return
        try:
            # The first has a random length: otherwise a thousand watches that began together would always end together.
            seconds = int(_WATCH_SECONDS * random.uniform(0.1, 1))  # noqa: S311
            while True:
                await self._watch(seconds)
                seconds = _WATCH_SECONDS
        finally:
            slot.release()

    async def _watch(self, seconds: int) -> None:
        began = time.monotonic()
        assert self._version is not None
        changes = object_changes(self._member, self.kind, OF_HELM, self._version, whole=self._whole, seconds=seconds)
        async with aclosing(changes) as stream:
            async for batch in stream:
                for change in batch:
                    if change.item is not None:
                        self._listener.take(change.item, self.kind, change.is_deleted)
                    self._version = change.version
                self._note_success()
        if time.monotonic() - began < _SHORTEST_WATCH:
            raise TemporaryError(ActionCode.WATCH_ENDED, "The API server ends each watch immediately.")

    def _note_success(self) -> None:
        self.is_listed.set()
        self._well_at, self._failures = time.monotonic(), 0

    async def _pause(self, error: ActionError) -> None:
        """Reports why the kind cannot be read, at once if the server refuses, else once that has lasted; then waits."""
        self._failures += 1
        is_refused = error.code in _REFUSALS
        if is_refused or time.monotonic() - self._well_at >= self._reported_after:
            self._listener.unreadable(self.kind, error)
            self._version = None
            self.is_listed.set()
        first, longest = (_REFUSED_PAUSE, _LONGEST_REFUSED_PAUSE) if is_refused else (_FIRST_PAUSE, _LONGEST_PAUSE)
        pause = min(longest, first * 2.0 ** min(self._failures - 1, 16))
        asked = (error.retry_after if isinstance(error, TemporaryError) else None) or 0.0
        await asyncio.sleep(max(asked, pause * random.uniform(0.5, 1)))  # noqa: S311
