"""Digests under a key of this installation: marks of secret values, which do not allow guessing the values, and tokens
that no one else can compute."""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from app.core.database import Database
from app.core.encryption import KeyRing, Sealed
from app.core.tenancy import acting_for
from app.releases.canonical import canonical
from app.releases.references import MARK
from app.tables.secrets import FingerprintKey

BOUND_TO = "fingerprint_key:1"
_ROW = select(col(FingerprintKey.sealed), col(FingerprintKey.key_id))

Mark = Callable[[Any], str]


class Fingerprints:
    def __init__(self, database: Database, key_ring: KeyRing) -> None:
        self._database = database
        self._key_ring = key_ring
        self._key: bytes | None = None

    async def mark(self) -> Mark:
        """Returns the function that computes the mark of a JSON value. Each process reads the key once.

        Raises:
            KeyRingError: The key cannot be decrypted.
        """
        key = await self._found()

        def mark(value: Any) -> str:
            return MARK + hmac.new(key, canonical(value), hashlib.sha256).hexdigest()

        return mark

    async def token(self, name: str) -> str:
        """The token with a name, 64 hexadecimal digits. It is always the same, also after a change of the key ring.

        Raises:
            KeyRingError: The key cannot be decrypted.
        """
        # No JSON begins with NUL, so no mark is a token.
        return hmac.new(await self._found(), b"\0" + name.encode(), hashlib.sha256).hexdigest()

    async def _found(self) -> bytes:
        self._key = self._key or await self._read() or await self._make()
        return self._key

    async def _read(self) -> bytes | None:
        rows = await self._database.rows(_ROW)
        return self._key_ring.open(Sealed(rows[0].key_id, rows[0].sealed), BOUND_TO) if rows else None

    async def _make(self) -> bytes:
        sealed = self._key_ring.seal(secrets.token_bytes(32), BOUND_TO)
        # The first caller needs a second connection while it holds one. It must not count towards an organization,
        # whose connections might all be waiting for this.
        with acting_for(None):
            await self._insert(sealed)
        key = await self._read()
        assert key is not None
        return key

    async def _insert(self, sealed: Sealed) -> None:
        async with self._database.sessions() as session, session.begin():
            row = insert(FingerprintKey).values(id=1, sealed=sealed.data, key_id=sealed.key_id)
            await session.execute(row.on_conflict_do_nothing())
