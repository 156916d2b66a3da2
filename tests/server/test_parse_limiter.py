"""Turns at what keeps the event loop busy: one at a time, a caller after the other, and none is lost."""

import asyncio

import pytest

from app.admission.parse_limiter import ParseLimiter
from app.admission.refusal import Refusal


async def take(limiter: ParseLimiter, caller: str, told: list[str], seconds: float = 0.0) -> None:
    async with limiter.slot(caller):
        told.append(caller)
        await asyncio.sleep(seconds)
        told.append("over")


async def test_documents_are_parsed_one_at_a_time_in_turns_of_callers() -> None:
    limiter, told = ParseLimiter("test"), list[str]()
    async with asyncio.TaskGroup() as group:
        for caller in ["many"] * 4 + ["few"]:
            group.create_task(take(limiter, caller, told))
    assert told == ["many", "over", "few", "over", "many", "over", "many", "over", "many", "over"]


async def test_a_cancelled_caller_does_not_delay_others() -> None:
    limiter, told = ParseLimiter("test"), list[str]()
    async with limiter.slot("first"):
        gone, waiting = (asyncio.create_task(take(limiter, caller, told)) for caller in ("gone", "waiting"))
        await asyncio.sleep(0)
        gone.cancel()
    await waiting
    assert told == ["waiting", "over"]


async def test_too_many_documents_of_one_caller_are_refused_and_those_of_others_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("app.admission.parse_limiter._WAITING", 1)
    limiter, told = ParseLimiter("test"), list[str]()
    async with limiter.slot("first"):
        waiting = [asyncio.create_task(take(limiter, caller, told)) for caller in ("many", "few")]
        await asyncio.sleep(0)
        with pytest.raises(Refusal, match="Too many requests are waiting"):
            async with limiter.slot("many"):
                pass
    await asyncio.gather(*waiting)
    assert told == ["many", "over", "few", "over"]


async def test_while_many_wait_a_second_document_of_a_caller_is_refused() -> None:
    limiter, told = ParseLimiter("test"), list[str]()
    async with limiter.slot("first"):
        many = [asyncio.create_task(take(limiter, f"many {number % 4}", told)) for number in range(200)]
        await asyncio.sleep(0)
        few = asyncio.create_task(take(limiter, "few", told))
        await asyncio.sleep(0)
        for caller in ("many 0", "few"):
            with pytest.raises(Refusal, match="Too many requests are waiting"):
                async with limiter.slot(caller):
                    pass
    await few
    assert told == ["many 0", "over", "many 1", "over", "many 2", "over", "many 3", "over", "few", "over"]
    await asyncio.gather(*many)
