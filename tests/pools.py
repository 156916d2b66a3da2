"""Pools that are full, or whose programs crash."""

from collections.abc import Hashable

import pytest

from app.core.limiter import Limiter, PoolBusyError, Slot
from app.sandbox.pool import Pool


def fill(monkeypatch: pytest.MonkeyPatch, pool: str) -> None:
    """Has a pool refuse everybody."""
    acquire = Limiter.acquire

    async def refuse(self: Limiter, caller: Hashable) -> Slot:
        if self.pool == pool:
            raise PoolBusyError
        return await acquire(self, caller)

    monkeypatch.setattr(Limiter, "acquire", refuse)


def crash(monkeypatch: pytest.MonkeyPatch, pool: str) -> None:
    """Has the programs of a pool crash: their requests are not JSON."""
    run = Pool.run

    async def broken(self: Pool, caller: Hashable, request: bytes) -> bytes:
        return await run(self, caller, b"{" if self._limiter.pool == pool else request)

    monkeypatch.setattr(Pool, "run", broken)
