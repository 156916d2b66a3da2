"""Records an event for the installation's administrators if encrypted data was changed or swapped in the database.

An attacker who can write to the database but has no key could try to have one row decrypted as another. Each decryption
fails, so each process reports a row at most once per hour.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from contextvars import Context

import structlog
from cachetools import TTLCache

from app.core.database import LOST
from app.core.transaction import Transaction
from app.events.codes import InstallationEvent
from app.tables.events import Outcome

log = structlog.get_logger()

_ONCE_IN_SECONDS = 3600.0
_MOST = 1_000


class Tampering:
    """`transaction` opens a transaction. `close` waits until everything is written."""

    def __init__(self, transaction: Callable[[], AbstractAsyncContextManager[Transaction]]) -> None:
        self._transaction = transaction
        self._reported: TTLCache[str, None] = TTLCache(_MOST, _ONCE_IN_SECONDS)
        self._writing: set[asyncio.Task[None]] = set()

    def note(self, row: str) -> None:
        """Reports a row, as `table:id`. Call it on the event loop."""
        if row in self._reported:
            return
        self._reported[row] = None
        # The task must not inherit the context of the request that decrypted the row: the request did not change it.
        task = asyncio.create_task(self._write(row), context=Context())
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def close(self) -> None:
        await asyncio.gather(*self._writing, return_exceptions=True)

    async def _write(self, row: str) -> None:
        log.error("encryption.tampered", row=row)
        try:
            async with self._transaction() as transaction:
                transaction.record(
                    InstallationEvent.ENCRYPTION_TAMPERED,
                    f"The encrypted data of {row} was changed in the database, or belongs to another row. It was not"
                    " used.",
                    organization_id=None,
                    outcome=Outcome.REFUSED,
                    row=row,
                )
        except LOST as error:
            self._reported.pop(row, None)
            log.error("audit.lost", tampered=row, error=str(error))
