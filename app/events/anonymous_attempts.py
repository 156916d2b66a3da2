"""Counts refused attempts of callers who are not signed in, and records one event per minute for all of them.

One event for each attempt would let anyone fill the database. The counts of the last minute are lost if the process is
killed. If Postgres is unavailable, they are logged.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from contextvars import Context

import structlog

from app.core.database import LOST
from app.core.transaction import Transaction
from app.events.codes import InstallationEvent
from app.tables.events import Outcome

log = structlog.get_logger()

_EVERY_SECONDS = 60.0
_MOST = 20


class AnonymousAttempts:
    """`transaction` opens a transaction."""

    def __init__(self, transaction: Callable[[], AbstractAsyncContextManager[Transaction]]) -> None:
        self._transaction = transaction
        self._attempts: Counter[str] = Counter()
        self._addresses: Counter[str] = Counter()
        self._telling: asyncio.Task[None] | None = None

    def note(self, what: str, code: str, address: str | None) -> None:
        """Counts one refusal by name: a mutation, or a callback of an issuer. Beyond a number of names, others
        are counted together."""
        _count(self._attempts, f"{what}: {code}")
        _count(self._addresses, address or "unknown")
        if self._telling is None:
            # The task must not inherit the logging context of the first request: it is about all requests.
            self._telling = asyncio.create_task(self._tell_later(), context=Context())

    async def close(self) -> None:
        """Records an event with the current counts."""
        if self._telling is not None:
            self._telling.cancel()
            await asyncio.gather(self._telling, return_exceptions=True)
            await self._tell()

    async def _tell_later(self) -> None:
        await asyncio.sleep(_EVERY_SECONDS)
        await self._tell()

    async def _tell(self) -> None:
        self._telling = None
        attempts, self._attempts = self._attempts, Counter()
        addresses, self._addresses = self._addresses, Counter()
        count = attempts.total()
        if not count:
            return
        try:
            async with self._transaction() as transaction:
                transaction.record(
                    InstallationEvent.MUTATION_REFUSED,
                    f"{count} attempts of callers who are not signed in were refused.",
                    organization_id=None,
                    outcome=Outcome.REFUSED,
                    count=count,
                    attempts=dict(attempts),
                    addresses=dict(addresses),
                )
        except LOST as lost:
            log.error("audit.lost", attempted=count, attempts=dict(attempts), error=str(lost))


def _count(counter: Counter[str], name: str) -> None:
    counter[name if name in counter or len(counter) < _MOST else "others"] += 1
