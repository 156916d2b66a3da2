"""Reads every event once for each process and passes it to the followers.

The feed runs while there is a follower. A notification says that there are new events; the feed then reads them from
Postgres, from the last position on, so that a lost notification loses no event. Each follower keeps the events that it
has not read by key: a slow follower sees the newest state of an object. A follower with more than `MOST` unread keys
gets a notice that events were dropped."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Hashable, Iterable
from contextlib import aclosing, asynccontextmanager
from contextvars import Context
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import structlog
from sqlalchemy import func, select
from sqlmodel import col

from app.core.database import LOST, Database
from app.core.errors import Conflict
from app.core.limiter import Limiter, PoolBusyError, share
from app.core.repeating import lasting
from app.redis.notifications import Notifications
from app.registers.requests import RequestCode
from app.tables.events import Event

log = structlog.get_logger()

MOST = 10_000
"""The maximum number of changes that wait for one follower."""

MOST_OF_ORGANIZATION = 500_000
"""Changes that wait for all followers of one organization, at most: about 100 MB."""

_PAGE = 1000
_LOOK_SECONDS = 5.0  # in case a notification was lost
_LOOK_SECONDS_WITHOUT_REDIS = 0.25
_AFTER_TROUBLE = 0.5
_ANSWER_SECONDS = 10.0
"""How long a page of events may take. A connection that a router has forgotten stays silent, and another one is used
then. Other queries wait longer; for this one, all subscriptions wait."""

Key = TypeVar("Key", bound=Hashable)
Pick = Callable[[Event], Iterable[Key]]
Prepare = Callable[[int, Collection[Key]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Changed(Generic[Key]):
    """The changes since the last read: `keys` with the newest event of each, or, if `too_much` is set, any number of
    changes.

    `upto` is the position of the last event that was read. Followers with the same `upto` can share what they load now.
    """

    keys: dict[Key, Event]
    too_much: bool
    upto: int


class Follower(Generic[Key]):
    """A follower of events, opened by `Feed.follow`."""

    def __init__(
        self, organization_id: int | None, pick: Pick[Key], prepare: Prepare[Key] | None, feed: "Feed"
    ) -> None:
        self.upto = feed.position
        """The position after which it follows."""
        self.prepare = prepare
        self._pick = pick
        self._feed = feed
        self._organization_id = organization_id
        self._unread = feed.unread
        self._keys: dict[Key, Event] = {}
        self._too_much = False
        self._something = asyncio.Event()

    def offer(self, event: Event) -> Iterable[Key]:
        """Stores an event's keys and returns them. The follower is notified by `wake`."""
        keys = self._pick(event)
        before = len(self._keys)
        for key in keys:
            self._keys.pop(key, None)  # keys are in the order of their newest changes
            self._keys[key] = event
        self._unread[self._organization_id] += len(self._keys) - before
        if len(self._keys) > MOST or self._unread[self._organization_id] > MOST_OF_ORGANIZATION:
            self._too_much = True
            self.forget()
        return keys

    def forget(self) -> None:
        """Drops the changes that were not read."""
        self._unread[self._organization_id] -= len(self._keys)
        self._keys = {}

    def wake(self) -> None:
        self._something.set()

    async def changed(self) -> Changed[Key]:
        """Waits for the next changes."""
        await self._something.wait()
        self._something.clear()
        found = Changed(self._keys, self._too_much, self._feed.position)
        self.forget()
        self._too_much = False
        return found


class Feed:
    """It has at most `most` followers. An organization has at most `percent` of them."""

    def __init__(self, database: Database, notifications: Notifications, *, most: int, percent: int) -> None:
        self.position = 0
        """The position of the last event that was read."""
        self._database = database
        self._notifications = notifications
        self.unread: Counter[int | None] = Counter()
        """Changes that wait for the followers of each organization."""
        self._followers: dict[int | None, set[Follower[Any]]] = {}
        self._slots = Limiter("subscriptions", most, each=share(most, percent), waiting=0)
        self._running: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._notified = asyncio.Event()
        self._hears = False

    @asynccontextmanager
    async def follow(
        self, organization_id: int | None, pick: Pick[Key], prepare: Prepare[Key] | None = None
    ) -> AsyncIterator[Follower[Key]]:
        """Follows the events of an organization (None: the installation's) that are committed from now on.

        `pick` returns the keys of what an event changes, or nothing to ignore the event. `prepare` is called with the
        position and the changed keys before the followers are notified, once for all of them, so that it can load what
        they share.

        Raises:
            Conflict: The organization has the maximum number of followers.
        """
        try:
            slot = await self._slots.acquire(organization_id)
        except PoolBusyError:
            message = "Too many subscriptions are open in your organization, or in total. Close some of them."
            raise Conflict(RequestCode.TOO_MANY_SUBSCRIPTIONS, message) from None
        try:
            async with self._starting:
                if self._running is None:
                    await self._start()
            async with self._following(organization_id, pick, prepare) as follower:
                yield follower
        finally:
            slot.release()

    @asynccontextmanager
    async def _following(
        self, organization_id: int | None, pick: Pick[Key], prepare: Prepare[Key] | None
    ) -> AsyncIterator[Follower[Key]]:
        follower = Follower(organization_id, pick, prepare, self)
        self._followers.setdefault(organization_id, set()).add(follower)
        try:
            yield follower
        finally:
            follower.forget()
            left = self._followers[organization_id]
            left.discard(follower)
            if not left:
                del self._followers[organization_id], self.unread[organization_id]
            if not self._followers and self._running is not None:
                self._running.cancel()
                self._running = None

    async def _start(self) -> None:
        ((newest,),) = await self._database.rows(select(func.coalesce(func.max(Event.position), 0)))
        self.position = newest
        self._running = asyncio.create_task(self._run(), context=Context())

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(lasting("feed.listening", self._listen))
            group.create_task(lasting("feed.reading", self._read))

    async def _listen(self) -> None:
        async with aclosing(self._notifications.listen()) as notifications:
            async for hears in notifications:
                self._hears = hears
                self._notified.set()

    async def _read(self) -> None:
        while True:
            self._notified.clear()
            try:
                async with asyncio.timeout(_ANSWER_SECONDS):
                    events = await self._page()
                if events:
                    await self._tell(events)
            except LOST as error:
                log.warning("feed.database_lost", error=str(error))
                await asyncio.sleep(_AFTER_TROUBLE)
                continue
            if len(events) == _PAGE:
                continue
            try:
                async with asyncio.timeout(_LOOK_SECONDS if self._hears else _LOOK_SECONDS_WITHOUT_REDIS):
                    await self._notified.wait()
            except TimeoutError:
                pass

    async def _tell(self, events: list[Event]) -> None:
        notified: dict[Follower[Any], None] = {}
        changed: dict[Prepare[Any], dict[Any, None]] = {}
        for event in events:
            for follower in self._followers.get(event.organization_id, ()):
                if keys := follower.offer(event):
                    notified[follower] = None
                    if follower.prepare is not None:
                        changed.setdefault(follower.prepare, {}).update(dict.fromkeys(keys))
        self.position = upto = events[-1].position
        # Errors reach the followers, which report them.
        await asyncio.gather(*(prepare(upto, keys) for prepare, keys in changed.items()), return_exceptions=True)
        for follower in notified:
            follower.wake()

    async def _page(self) -> list[Event]:
        statement = select(Event).where(col(Event.position) > self.position).order_by(col(Event.position))
        return [event for (event,) in await self._database.rows(statement.limit(_PAGE))]
