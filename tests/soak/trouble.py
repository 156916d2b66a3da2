"""What goes wrong, chosen at random: for some seconds each, and healed at the end of a burst at the latest."""

import asyncio
import os
import random
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress

from tests.faults import (
    Cut,
    Delay,
    Failure,
    Hang,
    Line,
    Request,
    by_helm,
    conflict,
    gone,
    html,
    null,
    status,
    throttled,
    timed_out,
    watches,
)
from tests.soak.installation import Installation

_FAILURES: dict[str, Failure] = {
    "503": status(503),
    "500": status(500),
    "409": conflict(),
    "410": gone(),
    "429": throttled("1"),
    "timed out": timed_out(),
    "reset before": Cut(),
    "reset after": Cut(acted=True),
    "delay": Delay(1.5),
    "hang": Hang(seconds=5),
    "html": html(),
    "null": null(),
}

_ONLY: dict[str, Callable[[Request], bool]] = {
    "409": lambda request: request.method != "GET",
    "410": watches,
    # Where Helm takes nonsense for an answer, that is not ours to judge.
    "html": lambda request: not by_helm(request),
    "null": lambda request: not by_helm(request),
}


async def requests_fail(installation: Installation, chance: random.Random) -> str:
    """A part of the requests to a member."""
    site = installation.sites[chance.choice(sorted(installation.sites))]
    name, share = chance.choice(sorted(_FAILURES)), chance.choice([0.1, 0.3, 1.0])
    rolling = random.Random(chance.random())
    rule = site.proxy.fault(_FAILURES[name], where=lambda request: rolling.random() < share)
    if name in _ONLY:
        rule.where = lambda request: _ONLY[name](request) and rolling.random() < share
    await asyncio.sleep(chance.uniform(0.5, 6))
    rule.lift()
    return f"{name} for {share:.0%} of the requests to {site.name}"


async def a_line_fails(installation: Installation, chance: random.Random) -> str:
    name = chance.choice(sorted(installation.sites))
    return f"{await _fail(installation.sites[name].line, chance)} to {name}"


async def a_line_to_postgres_fails(installation: Installation, chance: random.Random) -> str:
    part = chance.choice(sorted(installation.parts))
    return f"{await _fail(installation.parts[part].postgres, chance, for_good=False)} from {part} to Postgres"


async def a_line_to_redis_fails(installation: Installation, chance: random.Random) -> str:
    part = chance.choice(sorted(installation.parts))
    return f"{await _fail(installation.parts[part].redis, chance, for_good=False)} from {part} to Redis"


async def _fail(line: Line, chance: random.Random, *, for_good: bool = True) -> str:
    """`for_good`: what is lost is never heard of again; else the kernel finds out."""
    kinds: dict[str, Callable[[], None]] = {
        "frozen line": line.freeze,
        "lossy line": line.lose,
        "refusing line": line.refuse,
        "slow line": lambda: line.slow(0.3),
        "reset line": line.reset,
    }
    kind = chance.choice(sorted(kinds))
    kinds[kind]()
    try:
        await asyncio.sleep(chance.uniform(0.2, 6))
    finally:  # also where the burst ends before
        await line.heal()
        if kind == "lossy line" and not for_good:
            line.reset()
    return kind


async def a_process_is_killed(installation: Installation, chance: random.Random) -> str:
    part = installation.parts[chance.choice(sorted(installation.parts))]
    await part.kill()
    await asyncio.sleep(chance.uniform(0, 4))
    part.start()
    return f"{part.name} was killed"


async def a_process_stands_still(installation: Installation, chance: random.Random) -> str:
    part = installation.parts[chance.choice(sorted(installation.parts))]
    part.freeze()
    await asyncio.sleep(chance.uniform(0.5, 10))
    part.thaw()
    return f"{part.name} stood still"


async def a_helm_stands_still(installation: Installation, chance: random.Random) -> str:
    """Past the lease of its worker, which may be killed meanwhile."""
    pid = await _a_helm(installation, chance)
    _send(pid, signal.SIGSTOP)
    if kills := chance.random() < 0.5:
        worker = installation.parts[chance.choice(["worker-1", "worker-2"])]
        await worker.kill()
        worker.start()
    await asyncio.sleep(chance.uniform(0.5, 8))
    _send(pid, signal.SIGCONT)
    return f"Helm {pid} stood still{', and a worker was killed' if kills else ''}"


async def a_helm_is_killed(installation: Installation, chance: random.Random) -> str:
    pid = await _a_helm(installation, chance)
    _send(pid, signal.SIGKILL)
    return f"Helm {pid} was killed"


async def redis_is_killed(installation: Installation, chance: random.Random) -> str:
    await installation.redis.kill()
    await asyncio.sleep(chance.uniform(0, 3))
    await installation.redis.start()
    return "Redis was killed"


async def postgres_crashes(installation: Installation, chance: random.Random) -> str:
    await installation.postgres.crash()
    await asyncio.sleep(chance.uniform(0, 2))
    await installation.postgres.start()
    return "Postgres crashed"


async def _a_helm(installation: Installation, chance: random.Random) -> int | None:
    for _ in range(50):
        if found := await asyncio.to_thread(installation.helms):
            return chance.choice(sorted(found))
        await asyncio.sleep(0.1)
    return None


def _send(pid: int | None, number: int) -> None:
    if pid is not None:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


_OFTEN: dict[Callable[[Installation, random.Random], Awaitable[str]], int] = {
    requests_fail: 10,
    a_line_fails: 6,
    a_line_to_postgres_fails: 5,
    a_line_to_redis_fails: 3,
    a_process_is_killed: 6,
    a_process_stands_still: 4,
    a_helm_stands_still: 4,
    a_helm_is_killed: 2,
    redis_is_killed: 1,
    postgres_crashes: 1,
}


async def trouble(installation: Installation, chance: random.Random, told: list[str]) -> None:
    """One after the other, until it is cancelled."""
    while True:
        (kind,) = chance.choices(list(_OFTEN), list(_OFTEN.values()))
        place = len(told)
        told.append(f"{kind.__name__} …")
        told[place] = await kind(installation, chance)
        await asyncio.sleep(chance.uniform(0, 1))
