"""Faults of whole connections."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from tests.faults import Line


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(100):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


@pytest_asyncio.fixture(loop_scope="session", params=["tcp", "unix"])
async def line(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Line]:
    there: tuple[str, int] | Path
    if request.param == "unix":
        there = tmp_path / "echo"
        server: asyncio.Server = await asyncio.start_unix_server(echo, there)
    else:
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        there = server.sockets[0].getsockname()
    async with Line(there) as opened:
        yield opened
    server.close()


Call = Callable[[Line], Awaitable["Caller"]]


class Caller:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def says(self, text: str, seconds: float = 90) -> str:
        self.writer.write(text.encode())
        return await self.hears(len(text), seconds)

    async def hears(self, count: int, seconds: float = 90) -> str:
        async with asyncio.timeout(seconds):
            return (await self.reader.readexactly(count)).decode()

    async def is_reset(self) -> bool:
        with pytest.raises(ConnectionResetError):
            await self.hears(1)
        return True

    async def close(self) -> None:
        self.writer.close()
        await asyncio.gather(self.writer.wait_closed(), return_exceptions=True)


@pytest_asyncio.fixture(loop_scope="session")
async def call() -> AsyncIterator[Call]:
    """Connects to a line."""
    callers: list[Caller] = []

    async def called(line: Line) -> Caller:
        callers.append(Caller(*await asyncio.open_connection("127.0.0.1", line.port)))
        return callers[-1]

    yield called
    for caller in callers:
        await caller.close()


async def test_without_faults_bytes_and_the_end_of_a_connection_pass(line: Line, call: Call) -> None:
    caller = await call(line)
    assert [await caller.says("one"), await caller.says("two")] == ["one", "two"]
    caller.writer.write_eof()
    assert await caller.reader.read() == b""
    assert line.accepted == 1


async def test_a_frozen_line_goes_on_where_it_stopped(line: Line, call: Call) -> None:
    old = await call(line)
    assert await old.says("one") == "one"
    line.freeze()
    new = await call(line)
    for caller in (old, new):
        with pytest.raises(TimeoutError):
            await caller.says("two", seconds=0.1)
    await line.heal()
    assert [await old.hears(3), await new.hears(3)] == ["two", "two"]


async def test_lost_bytes_stay_lost_and_new_connections_work(line: Line, call: Call) -> None:
    old = await call(line)
    assert await old.says("one") == "one"
    line.lose()
    with pytest.raises(TimeoutError):
        await old.says("two", seconds=0.1)
    await line.heal()
    with pytest.raises(TimeoutError):
        await old.says("three", seconds=0.1)
    assert await (await call(line)).says("four") == "four"


async def test_connections_are_reset_and_new_ones_work_or_are_refused(line: Line, call: Call) -> None:
    caller = await call(line)
    assert await caller.says("one") == "one"
    line.reset()
    assert await caller.is_reset()
    again = await call(line)
    assert await again.says("two") == "two"
    line.refuse()
    assert await again.is_reset()
    with pytest.raises(ConnectionRefusedError):
        await call(line)
    await line.heal()
    assert await (await call(line)).says("three") == "three"


async def test_a_slow_line_delivers_all_bytes(line: Line, call: Call) -> None:
    caller = await call(line)
    line.slow(0.2)
    with pytest.raises(TimeoutError):
        await caller.says("one", seconds=0.1)
    assert await caller.hears(3) == "one"


async def test_connections_are_reset_if_there_is_no_server(tmp_path: Path, call: Call) -> None:
    async with Line(tmp_path / "nothing") as line:
        assert await (await call(line)).is_reset()
