"""A lease is renewed while its holder works, and the holder stops when it may have lost it."""

import asyncio
from dataclasses import dataclass

import pytest

from app.core.leases import LeaseLostError, Renewal, clock, kept

LONG, SHORT = 3600.0, 0.03


@dataclass
class Held:
    """A lease whose renewals end in turn as `outcomes` say, and then as the last of them does."""

    outcomes: list[Renewal | Exception]
    safe_until: float
    renewals: int = 0

    async def renew(self) -> Renewal:
        outcome = self.outcomes[min(self.renewals, len(self.outcomes) - 1)]
        self.renewals += 1
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


async def test_a_holder_whose_lease_is_lost_is_stopped() -> None:
    held = Held([Renewal.RENEWED, Renewal.LOST], clock() + LONG)
    with pytest.raises(LeaseLostError):
        async with kept(held, held.renew, seconds=SHORT):
            await asyncio.Event().wait()
    assert held.renewals == 2
    current = asyncio.current_task()
    assert current is not None
    assert current.cancelling() == 0


async def test_a_holder_that_cannot_renew_its_lease_is_stopped_when_it_may_have_ended() -> None:
    held = Held([OSError()], clock() + 2 * SHORT)
    with pytest.raises(LeaseLostError):
        async with kept(held, held.renew, seconds=SHORT):
            await asyncio.Event().wait()
    assert clock() >= held.safe_until


async def test_a_holder_that_has_released_its_lease_goes_on() -> None:
    held, is_asked = Held([Renewal.RELEASED], clock() + LONG), asyncio.Event()

    async def renew() -> Renewal:
        is_asked.set()
        return await held.renew()

    async with kept(held, renew, seconds=SHORT):
        await is_asked.wait()
    assert held.renewals == 1


async def test_the_cancellation_of_a_holder_is_not_taken_for_a_lost_lease() -> None:
    held, has_begun = Held([Renewal.RENEWED], clock() + LONG), asyncio.Event()

    async def work() -> None:
        async with kept(held, held.renew, seconds=LONG):
            has_begun.set()
            await asyncio.Event().wait()

    working = asyncio.create_task(work())
    await has_begun.wait()
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
