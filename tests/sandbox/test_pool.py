"""Processes for what others wrote: under limits, shared fairly, replaced when they end, and never left behind."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from app.charts.value_schema import PROGRAM
from app.sandbox import pool as pools
from app.sandbox.pool import Outcome, Pool, RunError
from tests.sandbox.schemas import BACKTRACKED, MEMORY_BOMB, NUMBERS, PATTERN_BOMB, TIME_BOMB, request
from tests.stack import eventually

ENDLESS = 600.0
"""Seconds of CPU time that no test waits for."""


@pytest.fixture(autouse=True)
def _busy_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second of CPU time may take as long as it likes."""
    monkeypatch.setattr(pools, "_SLOWDOWN", 1000)


@asynccontextmanager
async def opened(*, processes: int = 2, seconds: float = ENDLESS, memory: int = 256 * 2**20) -> AsyncIterator[Pool]:
    pool = Pool(PROGRAM, processes=processes, seconds=seconds, memory=memory)
    try:
        yield pool
    finally:
        await pool.close()


async def check(pool: Pool, schema: object, value: object, caller: str = "acme") -> Any:
    """The messages that a schema has about one value."""
    [found] = json.loads(await pool.run(caller, request(schema, value)))
    return [message for _, message in found]


async def works(pool: Pool, caller: str = "acme") -> bool:
    return bool(await check(pool, NUMBERS, {"a": "x"}, caller) == ['"x" is not of type "integer"'])


@asynccontextmanager
async def bombs(pool: Pool, caller: str, count: int = 1) -> AsyncIterator[list[asyncio.Task[bytes]]]:
    """Requests of a caller that do not end; ended with the block."""
    tasks = [asyncio.create_task(pool.run(caller, request(TIME_BOMB, {}))) for _ in range(count)]
    try:
        await eventually(lambda: there(bool(pool.pids)))
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def there(found: bool) -> bool:
    return found


def exists(pid: int) -> bool:
    """Whether a process runs, or has ended and was not reaped."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_one_process_answers_one_request_after_another() -> None:
    async with opened() as pool:
        assert pool.pids == []
        assert await works(pool)
        [pid] = pool.pids
        assert await works(pool, "other")
        assert pool.pids == [pid]


async def test_one_request_has_many_values() -> None:
    async with opened() as pool:
        answers = json.loads(await pool.run(1, request(NUMBERS, {"a": 1}, {"a": "é"}, {})))
        assert answers == [[], [[["a"], '"é" is not of type "integer"']], []]


async def test_a_request_that_the_program_can_not_read_is_one_that_crashes() -> None:
    async with opened() as pool:
        with pytest.raises(RunError) as caught:
            await check(pool, NUMBERS, {"a": "\ud800"})
        assert caught.value.outcome is Outcome.CRASHED
        assert await works(pool)


@pytest.mark.parametrize(
    ("schema", "value", "outcome"),
    [(TIME_BOMB, {}, Outcome.CPU), (PATTERN_BOMB, BACKTRACKED, Outcome.CPU), (MEMORY_BOMB, {}, Outcome.MEMORY)],
    ids=["references that double", "patterns that backtrack", "problems that double"],
)
async def test_a_request_that_takes_too_much_is_ended(schema: object, value: object, outcome: Outcome) -> None:
    async with opened(seconds=1 if outcome is Outcome.CPU else ENDLESS, memory=128 * 2**20) as pool:
        assert await works(pool)
        [pid] = pool.pids
        with pytest.raises(RunError) as caught:
            await check(pool, schema, value)
        assert caught.value.outcome is outcome
        assert pool.pids == []
        assert not exists(pid)
        assert await works(pool)


async def test_each_request_has_the_whole_time() -> None:
    async with opened(seconds=1) as pool:
        schema = {"additionalProperties": PATTERN_BOMB["additionalProperties"]["anyOf"][0]}
        used = 0.0
        while used < 1.2:
            assert len(await check(pool, schema, BACKTRACKED)) == 1
            [pid] = pool.pids
            used = cpu_seconds(pid)
        assert await works(pool)
        assert pool.pids == [pid]


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def test_while_one_caller_computes_others_are_answered() -> None:
    async with opened() as pool, bombs(pool, "acme", count=3) as computing:
        assert await works(pool, "other")
        assert not any(task.done() for task in computing)
        assert len(pool.pids) == 2  # acme has no more than half of them


async def test_callers_take_turns() -> None:
    async with opened(processes=1) as pool:
        answered: list[str] = []

        async def ask(caller: str) -> None:
            await works(pool, caller)
            answered.append(caller)

        async with asyncio.TaskGroup() as group:
            for caller in ("acme", "acme", "acme", "acme", "other"):
                group.create_task(ask(caller))
        assert answered == ["acme", "other", "acme", "acme", "acme"]


async def test_a_caller_with_too_many_requests_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "_MOST_WAITING", 2)
    async with opened() as pool, bombs(pool, "acme", count=3):
        with pytest.raises(RunError) as caught:
            await works(pool, "acme")
        assert caught.value.outcome is Outcome.BUSY
        assert await works(pool, "other")


async def test_a_process_that_is_killed_from_outside_is_replaced() -> None:
    async with opened() as pool:
        assert await works(pool)
        [pid] = pool.pids
        os.kill(pid, signal.SIGKILL)
        await eventually(lambda: there(pool.pids == []))
        assert not exists(pid)
        assert await works(pool)
        os.kill(pool.pids[0], signal.SIGKILL)  # we do not know yet
        assert await works(pool)


async def test_a_request_whose_process_is_killed_is_repeated_once() -> None:
    async with opened() as pool, bombs(pool, "acme") as [computing]:
        [first] = pool.pids
        os.kill(first, signal.SIGKILL)
        await eventually(lambda: there(bool(pool.pids) and pool.pids != [first]))
        [second] = pool.pids
        assert not computing.done()
        os.kill(second, signal.SIGKILL)
        with pytest.raises(RunError) as caught:
            await computing
        assert caught.value.outcome is Outcome.KILLED
        assert pool.pids == []


async def test_a_process_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened() as pool:
        assert await works(pool)
        monkeypatch.setattr(pools, "_SLOWDOWN", 0.1 / ENDLESS)
        [pid] = pool.pids
        os.kill(pid, signal.SIGSTOP)
        with pytest.raises(RunError) as caught:
            await works(pool)
        assert caught.value.outcome is Outcome.SLOW
        assert not exists(pid)


async def test_a_request_that_is_given_up_ends_its_process() -> None:
    async with opened() as pool:
        async with bombs(pool, "acme"):
            [pid] = pool.pids
        assert pool.pids == []
        assert not exists(pid)
        assert await works(pool)


async def test_a_pool_that_is_closed_leaves_no_process() -> None:
    async with opened() as pool, bombs(pool, "acme") as [computing]:
        assert await works(pool, "other")
        pids = pool.pids
        assert len(pids) == 2
        await pool.close()
        assert not any(map(exists, pids))
        with pytest.raises(RunError):
            await computing
        assert pool.pids == []


ABANDONING = """
import asyncio
from pathlib import Path
from app.sandbox.pool import Pool

async def main():
    pool = Pool(Path({program!r}), processes=2, seconds=600, memory=2**28)
    asyncio.create_task(pool.run(1, {request!r}))
    while not pool.pids:
        await asyncio.sleep(0.01)
    print(*pool.pids, flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it ends when it has used its CPU time")
async def test_a_process_ends_with_the_one_that_started_it_even_while_it_computes() -> None:
    script = ABANDONING.format(program=str(PROGRAM), request=request(TIME_BOMB, {}))
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", script, stdout=asyncio.subprocess.PIPE)
    assert parent.stdout is not None
    pid = int(await parent.stdout.readline())
    assert runs(pid)
    parent.kill()
    await parent.wait()
    await eventually(lambda: there(not runs(pid)))


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_a_sandbox_process_has_no_environment_and_can_open_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLYHELM_ENCRYPTION_KEYS", "secret")
    async with opened(memory=200 * 2**20) as pool:
        assert await works(pool)
        folder = Path(f"/proc/{pool.pids[0]}")
        assert folder.joinpath("environ").read_bytes() == b""
        limits = {
            line[:26].strip(): line[26:].split()[:2] for line in folder.joinpath("limits").read_text().split("\n")
        }
        assert limits["Max open files"] == limits["Max processes"] == limits["Max core file size"] == ["0", "0"]
        assert limits["Max data size"] == [str(200 * 2**20)] * 2
        assert folder.joinpath("oom_score_adj").read_text() == "1000\n"
        kinds = {os.readlink(path).partition(":")[0] for path in folder.joinpath("fd").iterdir()}
        assert kinds == {"socket", "/dev/null", "pipe"}
        assert len(list(folder.joinpath("fd").iterdir())) == 4
