"""Writes the observed states of objects, for all members that this process watches.

Only the newest state of each object waits, so there are never more waiting states than objects. They are written in
batches, each in one transaction that also judges the targets.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

import structlog

from app.core.database import LOST
from app.core.limiter import Limiter, share
from app.core.repeating import lasting
from app.fleet.services import AllServices
from app.resources.inventory import Manifests, seen_row, write_seen
from app.resources.judging import judge_health
from app.resources.seen import Key, Seen
from app.resources.wanted import WantedCache
from reconcilers.observer.assignments import Assignment, still_ours
from reconcilers.observer.resources.rules import RuleBook

log = structlog.get_logger()

_AT_ONCE = 500
_BETWEEN = 0.05  # seconds between two writes: changes in the meantime are written together
_AFTER_TROUBLE = 1.0
_STREAMS = 10_000
"""Resource watches of one process. A kind that gets none is listed periodically instead, which needs more CPU time than
a watch, and also a connection."""

_STREAMS_OF_ONE = 12
_POD_WATCHES = 1000
"""Watches of pods below workloads that are on their way, of one process."""

_POD_WATCHES_OF_ONE = 4
_LISTS = 16


@dataclass(frozen=True, slots=True)
class _Entry:
    assignment: Assignment
    seen: Seen


class ResourceWriter:
    def __init__(self, services: AllServices) -> None:
        self.manifests = Manifests()
        self.wanted = WantedCache()
        self.rules = RuleBook()
        self.streams = Limiter("resource_watches", _STREAMS, each=_STREAMS_OF_ONE)
        self.pod_watches = Limiter("pod_watches", _POD_WATCHES, each=_POD_WATCHES_OF_ONE)
        self.lists = Limiter("resource_lists", _LISTS, each=share(_LISTS, services.settings.organization_share))
        self._services = services
        self._seen: dict[tuple[int, Key], _Entry] = {}
        self._unjudged: dict[int, Assignment] = {}
        self._something = asyncio.Event()

    def put(self, assignment: Assignment, target_ids: Iterable[int], key: Key, seen: Seen) -> None:
        """Queues the state of an object that belongs to these targets."""
        for target_id in target_ids:
            self._seen[target_id, key] = _Entry(assignment, seen)
        self._something.set()

    def judge(self, assignment: Assignment, target_ids: Iterable[int]) -> None:
        """Queues the judging of targets whose resources are all known."""
        self._unjudged.update(dict.fromkeys(target_ids, assignment))
        self._something.set()

    async def run(self) -> None:
        """Writes what is queued, until it is cancelled."""
        await lasting("resources", self._write_always)

    async def _write_always(self) -> None:
        while True:
            await self._something.wait()
            self._something.clear()
            while self._seen or self._unjudged:
                batch = dict(islice(self._seen.items(), _AT_ONCE))
                # A target is judged only after all states that were queued before it are written.
                is_rest = len(batch) == len(self._seen)
                unjudged = dict(islice(self._unjudged.items(), _AT_ONCE if is_rest else 0))
                try:
                    await self._write_or_divide(batch, unjudged)
                except LOST as error:
                    log.warning("resources.database_lost", error=str(error))
                    await asyncio.sleep(_AFTER_TROUBLE)
                    continue
                _forget(self._seen, batch, lambda one, other: one is other)
                _forget(self._unjudged, unjudged, lambda one, other: one == other)
                await asyncio.sleep(_BETWEEN)

    async def _write_or_divide(self, batch: dict[tuple[int, Key], _Entry], unjudged: dict[int, Assignment]) -> None:
        """Writes everything that can be written: on an error, the batch is divided until the bad row is alone."""
        try:
            await self._write(batch, unjudged)
        except LOST:
            raise
        except Exception as error:
            if len(batch) + len(unjudged) <= 1:
                log.error("resources.not_written", of=list(batch or unjudged), exc_info=error)
                return
            for part in (0, 1):
                await self._write_or_divide(_half(batch, part), _half(unjudged, part))

    async def _write(self, batch: dict[tuple[int, Key], _Entry], unjudged: dict[int, Assignment]) -> None:
        assignments = {entry.assignment for entry in batch.values()} | set(unjudged.values())
        async with self._services.transaction() as transaction:
            ours = await still_ours(transaction.session, assignments)
            rows = [
                seen_row(target_id, key, entry.seen)
                for (target_id, key), entry in batch.items()
                if entry.assignment.cluster_id in ours
            ]
            if rows:
                await write_seen(transaction, rows)
            targets = {row["target_id"] for row in rows}
            targets |= {target_id for target_id, assignment in unjudged.items() if assignment.cluster_id in ours}
            if targets:
                await judge_health(transaction, targets)


def _half(found: dict[Any, Any], part: int) -> dict[Any, Any]:
    middle = len(found) // 2
    return dict(islice(found.items(), middle) if part == 0 else islice(found.items(), middle, None))


def _forget(waiting: dict[Any, Any], written: dict[Any, Any], is_same: Callable[[Any, Any], bool]) -> None:
    """Removes written entries, unless a newer one has replaced them."""
    for key, entry in written.items():
        if key in waiting and is_same(waiting[key], entry):
            del waiting[key]
