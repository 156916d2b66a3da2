"""The services that every use case needs.

A package that needs more extends this class in its own `services` module. The type of a function's `services` parameter
states what the function needs.
"""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from app.core.database import Database
from app.core.encryption import KeyRing
from app.core.fingerprints import Fingerprints
from app.core.settings import Settings
from app.core.transaction import Notifier, Transaction, WorkQueue, transaction


@dataclass(frozen=True, kw_only=True)
class Services:
    settings: Settings
    database: Database
    key_ring: KeyRing
    fingerprints: Fingerprints
    queue: WorkQueue
    notifications: Notifier

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        return transaction(self.database, self.queue, self.notifications, self.fingerprints)
