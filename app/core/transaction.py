"""The only way to write to the database: a use case opens a transaction, which also writes its events.

Postgres numbers the events during the commit, so that their order is the order in which commits become visible
(docs/decisions/event-order.md). After the commit, the transaction wakes workers and notifies followers. Both messages
may be lost: the sweeper also finds work without a wake-up, and followers read events from time to time.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol

import structlog
from sqlalchemy import insert
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.database import Database
from app.core.fingerprints import Fingerprints
from app.core.origin import Origin, current_origin
from app.registers.register import EventKind
from app.tables.columns import api_name, now
from app.tables.events import EventBatch, Outcome

log = structlog.get_logger()

_INSERT = insert(EventBatch)


class WorkQueue(Protocol):
    """Notifications to workers after a commit. The calls neither block nor raise."""

    def wake_soon(self, target_ids: Sequence[int]) -> None: ...
    def stop_soon(self) -> None: ...


class Notifier(Protocol):
    """The notification to followers of events after a commit. The call neither blocks nor raises."""

    def tell_soon(self) -> None: ...


class Transaction:
    """`fingerprints` computes the marks of secret values in everything that is written."""

    def __init__(self, session: AsyncSession, fingerprints: Fingerprints) -> None:
        self.session = session
        self.fingerprints = fingerprints
        self._events: list[dict[str, Any]] = []
        self._origin = current_origin() or Origin()
        self._wakes: dict[int, None] = {}
        self.stops_work = False

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
                "subject_type": api_name(subject) if subject else None,
                "subject_id": getattr(subject, "id", None),
                "deployment_id": _part_of(subject, "deployment"),
                "cluster_id": _part_of(subject, "cluster"),
                "data": data,
                "outcome": outcome,
                "mutation": origin.mutation,
                "via": origin.via,
                "address": origin.address,
                "request_id": origin.request_id,
                "given": None if origin.is_told or self._events else origin.given,
            }
        )

    def wake(self, target_ids: Iterable[int]) -> None:
        """Wakes workers for these targets after the commit."""
        self._wakes.update(dict.fromkeys(target_ids))

    def stop_work(self) -> None:
        """Makes workers check after the commit whether their current work is still wanted."""
        self.stops_work = True

    async def write_events(self) -> None:
        if self._events:
            at = now().isoformat()
            await self.session.execute(_INSERT, {"events": [{"at": at, **event} for event in self._events]})

    def is_committed(self) -> None:
        self._origin.is_told |= self.has_events

    @property
    def has_events(self) -> bool:
        return bool(self._events)

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
        await opened.write_events()
    opened.is_committed()
    if opened.stops_work:
        queue.stop_soon()
    queue.wake_soon(opened.wakes)
    if opened.has_events:
        notifier.tell_soon()
