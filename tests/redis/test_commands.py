"""Commands outlive whoever waits for them, and are waited for at the end."""

import asyncio

import pytest

from app.redis.commands import RedisCommands


async def test_a_command_whose_caller_is_cancelled_runs_to_its_end() -> None:
    commands, answer, told = RedisCommands(), asyncio.Event(), list[str]()

    async def command() -> str:
        await answer.wait()
        told.append("done")
        return "fine"

    caller = asyncio.create_task(commands.run(command()))
    patient = asyncio.create_task(commands.run(command()))
    await asyncio.sleep(0)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    end = asyncio.create_task(commands.ended())
    await asyncio.sleep(0)
    assert not end.done()
    answer.set()
    await end
    assert told == ["done", "done"]
    assert await patient == "fine"


async def test_a_command_that_fails_fails_for_its_caller_alone() -> None:
    commands = RedisCommands()

    async def command() -> None:
        raise ConnectionError("away")

    with pytest.raises(ConnectionError, match="away"):
        await commands.run(command())
    await commands.ended()
