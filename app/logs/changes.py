"""Notices when pods change, by watches, so that they need not be listed again and again."""

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import aclosing
from functools import partial

from app.clusters.member import Member
from app.clusters.objects import ObjectType, object_changes
from app.core.errors import ActionError
from app.core.limiter import Limiter, Slot
from app.resources.workloads import Scope

LISTED_EVERY = 2.0
"""The number of seconds after which pods are listed again if they are not all watched."""
CHECKED_EVERY = 5.0
"""The number of seconds after which a pause ends even though no watch has reported anything."""
MOST_WATCHES = 10
"""The watches of one follower."""
_SOONEST = 0.5
"""The shortest time between two reports: a rollout changes each of its pods many times."""
_SECONDS = 300
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0


def _release(slot: Slot, _: object) -> None:
    slot.release()


def watched(scopes: set[Scope]) -> set[Scope]:
    """The scopes to watch. If there are more than `MOST_WATCHES`, those of one kind and namespace whose selectors have
    labels in common become one, as for the workloads of most charts. It may contain other objects, whose changes only
    cause a superfluous listing."""
    if len(scopes) <= MOST_WATCHES:
        return scopes
    places: defaultdict[tuple[ObjectType, str], list[Scope]] = defaultdict(list)
    for scope in scopes:
        places[scope.kind, scope.namespace].append(scope)
    found: set[Scope] = set()
    for (kind, namespace), together in places.items():
        common = set.intersection(*(set(scope.selector.split(",")) for scope in together))
        found |= {Scope(kind, namespace, ",".join(sorted(common)))} if common else set(together)
    return found


class PodChanges:
    """Watches scopes, for their metadata only. `member` gives the member at the time, and `slots` limits the watches;
    `caller` has a share of them. Has to be closed."""

    def __init__(self, member: Callable[[], Member], slots: Limiter, caller: int) -> None:
        self._member, self._slots, self._caller = member, slots, caller
        self._tasks: dict[Scope, asyncio.Task[None]] = {}
        self._open: set[Scope] = set()
        self._is_complete = False
        self._changed = asyncio.Event()
        self._reported_at = float("-inf")
        self._timer: asyncio.TimerHandle | None = None

    def follow(self, scopes: Iterable[Scope]) -> None:
        """Watches these scopes, as far as there are slots."""
        wanted = watched(set(scopes))
        for scope in self._tasks.keys() - wanted:
            self._tasks.pop(scope).cancel()
            self._open.discard(scope)
        for scope in sorted(wanted - self._tasks.keys(), key=lambda scope: scope[1:]):
            slot = self._slots.acquire_now(self._caller) if len(self._tasks) < MOST_WATCHES else None
            if slot is None:
                break
            task = self._tasks[scope] = asyncio.create_task(self._watch(scope))
            task.add_done_callback(partial(_release, slot))
        self._is_complete = bool(wanted) and wanted == self._tasks.keys()

    def look_soon(self) -> None:
        """Reports a change in a moment: something must be checked that is not a change of a pod."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(LISTED_EVERY, self._ring)

    def _ring(self) -> None:
        self._timer = None
        self._changed.set()

    async def wait(self) -> bool:
        """Waits until pods may have changed. False if some time has passed and no watch has reported anything."""
        is_watched = self._is_complete and self._open == self._tasks.keys()
        try:
            async with asyncio.timeout(CHECKED_EVERY if is_watched else LISTED_EVERY):
                await self._changed.wait()
        except TimeoutError:
            return not is_watched
        await asyncio.sleep(max(0.0, self._reported_at + _SOONEST - time.monotonic()))
        self._changed.clear()
        self._reported_at = time.monotonic()
        return True

    async def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _watch(self, scope: Scope) -> None:
        """Watches from any version on: a change only says that the pods have to be listed, and so does a new watch."""
        pause = _FIRST_PAUSE
        while True:
            changes = object_changes(
                self._member(),
                scope.kind,
                scope.selector,
                0,
                whole=False,
                seconds=_SECONDS,
                namespace=scope.namespace,
            )
            began = time.monotonic()
            try:
                async with aclosing(changes) as stream:
                    async for batch in stream:
                        if scope not in self._open or any(change.item is not None for change in batch):
                            self._open.add(scope)
                            self._changed.set()
            except ActionError:
                pass  # the pods are listed meanwhile, which says what is wrong
            finally:
                self._open.discard(scope)
            pause = _FIRST_PAUSE if time.monotonic() - began > _LONGEST_PAUSE else min(2 * pause, _LONGEST_PAUSE)
            await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311
