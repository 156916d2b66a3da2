"""The only way to write to the database: a use case opens a transaction, which also writes its events.

Postgres numbers the events during the commit, so that their order is the order in which commits become visible
(docs/decisions/event-order.md). After the commit, the transaction wakes workers and notifies followers. These messages
may be lost: the sweeper also finds open results and jobs without a wake-up, and followers read events from time to
time.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Protocol

import structlog
from sqlalchemy import insert
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.database import Database
from app.core.fingerprints import Fingerprints
from app.core.jobs import ENQUEUE, Job, row_of
from app.core.origin import Origin, current_origin
from app.registers.register import EventKind
from app.tables.columns import api_name, now
from app.tables.events import EventBatch, Outcome

log = structlog.get_logger()

_INSERT = insert(EventBatch)
_SOON = timedelta(hours=1)


class WorkQueue(Protocol):
    """Notifications to workers after a commit. The calls neither block nor raise."""

    def wake_soon(self, target_ids: Sequence[int]) -> None: ...
    def start_jobs_soon(self, organization_ids: Sequence[int | None], *, after: float = 0) -> None: ...
    def stop_soon(self) -> None: ...
    def look_at_runs_soon(self) -> None: ...


class Notifier(Protocol):
    """The notification to followers of events after a commit. The call neither blocks nor raises."""

    def notify_soon(self) -> None: ...


class Transaction:
    """`fingerprints` computes the marks of secret values in everything that is written."""

    def __init__(self, session: AsyncSession, fingerprints: Fingerprints) -> None:
        self.session = session
        self.fingerprints = fingerprints
        self._events: list[dict[str, Any]] = []
        self._origin = current_origin() or Origin()
        self._jobs: dict[str, dict[str, Any]] = {}
        self._wakes: dict[int, None] = {}
        self.stops_work = False
        self.changes_runs = False

    def record(
        self,
        kind: EventKind,
        message: str,
        *,
        organization_id: int | None,
        actor: str | None = None,
        subject: SQLModel | None = None,
        outcome: Outcome = Outcome.SUCCEEDED,
        **data: Any,
    ) -> None:
        """Records an event of this transaction, with the origin of the mutation.

        `data` is JSON and contains no secrets. Without an organization, it belongs to the installation.
        """
        origin = self._origin
        self._events.append(
            {
                "kind": kind,
                "message": message,
                "organization_id": organization_id,
                "actor": actor or origin.actor,
                "subject_type": api_name(type(subject)) if subject else None,
                "subject_id": getattr(subject, "id", None),
                "deployment_id": _part_of(subject, "deployment"),
                "cluster_id": _part_of(subject, "cluster"),
                "data": data,
                "outcome": outcome,
                "mutation": origin.mutation,
                "via": origin.via,
                "address": origin.address,
                "request_id": origin.request_id,
                "given": None if origin.is_recorded or self._events else origin.given,
            }
        )

    def enqueue(
        self, job: Job, *, organization_id: int | None, after: timedelta = timedelta(), unless_open: bool = False
    ) -> None:
        """Asks for a job, which a worker starts after the commit, or `after` this time.

        Open jobs of one kind with one key are one job. If a worker is doing it already, it is repeated, unless
        the caller says `unless_open`. Without an organization, it belongs to the installation.
        """
        row = row_of(job, organization_id, after, unless_open=unless_open)
        self._jobs[row["key"]] = row

    def wake(self, target_ids: Iterable[int]) -> None:
        """Wakes workers for these targets after the commit."""
        self._wakes.update(dict.fromkeys(target_ids))

    def stop_work(self) -> None:
        """Makes workers check after the commit whether their current work is still wanted."""
        self.stops_work = True

    def look_at_runs(self) -> None:
        """Makes workers check after the commit what has happened in the runs of workflows that they drive."""
        self.changes_runs = True

    async def write_jobs(self) -> None:
        if self._jobs:  # in one order, so that no two transactions wait for each other
            await self.session.execute(ENQUEUE, [self._jobs[key] for key in sorted(self._jobs)])

    async def write_events(self) -> None:
        if self._events:
            at = now().isoformat()
            await self.session.execute(_INSERT, {"events": [{"at": at, **event} for event in self._events]})

    def mark_committed(self) -> None:
        self._origin.is_recorded |= self.has_events

    @property
    def has_events(self) -> bool:
        return bool(self._events)

    @property
    def job_starts(self) -> dict[float, list[int | None]]:
        """The organizations that have jobs to start, by the seconds until then. Later ones are left to the sweeper."""
        found: dict[float, dict[int | None, None]] = {}
        for row in self._jobs.values():
            if row["after"] < _SOON:
                found.setdefault(row["after"].total_seconds(), {})[row["organization"]] = None
        return {after: list(owners) for after, owners in found.items()}

    @property
    def wakes(self) -> list[int]:
        return list(self._wakes)


def _part_of(subject: SQLModel | None, table: str) -> int | None:
    """Returns the id of the deployment or cluster that the subject is or belongs to."""
    return getattr(subject, "id" if subject is not None and subject.__tablename__ == table else f"{table}_id", None)


@asynccontextmanager
async def transaction(
    database: Database, queue: WorkQueue, notifier: Notifier, fingerprints: Fingerprints
) -> AsyncIterator[Transaction]:
    """Commits at the end of the block, or rolls back if it raises, and then sends the wake-ups."""
    async with database.sessions() as session, session.begin():
        opened = Transaction(session, fingerprints)
        yield opened
        await session.flush()
        await opened.write_jobs()
        await opened.write_events()
    opened.mark_committed()
    if opened.stops_work:
        queue.stop_soon()
    if opened.changes_runs:
        queue.look_at_runs_soon()
    queue.wake_soon(opened.wakes)
    for after, owners in opened.job_starts.items():
        queue.start_jobs_soon(owners, after=after)
    if opened.has_events:
        notifier.notify_soon()
