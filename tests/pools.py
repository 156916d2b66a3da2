"""Pools that are full."""

from collections.abc import Hashable

import pytest

from app.core.limiter import Limiter, PoolBusyError, Slot


def fill(monkeypatch: pytest.MonkeyPatch, pool: str) -> None:
    """Has a pool refuse everybody."""
    acquire = Limiter.acquire

    async def refuse(self: Limiter, caller: Hashable) -> Slot:
        if self.pool == pool:
            raise PoolBusyError
        return await acquire(self, caller)

    monkeypatch.setattr(Limiter, "acquire", refuse)
