"""What hostile requests cost others: a caller who means well, alone and then beside each kind of hostility.

Polyhelm, the caller and those who mean harm are processes of their own on one machine."""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from types import MappingProxyType

from benchmarks import hostility
from benchmarks.bench import Bench
from benchmarks.charts import values
from benchmarks.figures import Figure, Row
from benchmarks.members import simulated
from benchmarks.server import Server, polyhelm
from tests.docker.haproxy import haproxy
from tests.kubernetes.process import dying_with_parent

_MEMBERS = 20
_RELEASE = "hostile"
_PROCESSES = 2
_COMES_SECONDS = 4.0  # until all connections of those who mean harm have come
_GOES_SECONDS = 2.0
_ASKED_SECONDS = 6.0
_GOAL = 0.2


async def to_others(bench: Bench) -> list[Row]:
    async with _target(bench, "hostile") as (server, token):
        return await _measured(bench, server, token)


async def behind_haproxy(bench: Bench) -> list[Row]:
    """The same, with the proxy and the configuration that Polyhelm ships in front."""
    settings = {"POLYHELM_ADDRESS_CONNECTIONS": "10000"}  # as docs/operating.md says
    async with _target(bench, "behind-haproxy", settings) as (server, token), haproxy(server.url) as proxy:
        behind = replace(server, url=proxy.url, roots=[*server.roots, proxy.pid])  # its CPU time counts, too
        rows = await _measured(bench, behind, token)
        return [replace(row, what=f"behind HAProxy: {row.what}") for row in rows]


@asynccontextmanager
async def _target(
    bench: Bench, name: str, settings: Mapping[str, str] = MappingProxyType({})
) -> AsyncIterator[tuple[Server, str]]:
    """A server with a deployment, and the token of a user who means harm."""
    async with (
        simulated(_MEMBERS, bench.folder / f"{name}-members") as kubeconfigs,
        polyhelm(bench.folder / f"{name}-data", bench.helm, settings) as server,
    ):
        bench.tell("hostile: installing")
        await server.fleet(kubeconfigs, bench.chart)
        await server.create(_RELEASE, values=values(0))
        made = await server.mutate("createUser", "... on UserPayload { token }", name="mallory", role="VIEWER")
        yield server, made["token"]


async def _measured(bench: Bench, server: Server, token: str) -> list[Row]:
    bench.tell("hostile: nothing else")
    began, cpu = time.perf_counter(), server.cpu_seconds()
    rows = _rows("nothing else", [await _asked(server) for _ in range(bench.rounds)])
    busy = (server.cpu_seconds() - cpu) / (time.perf_counter() - began)
    for kind in hostility.KINDS:
        found, costs, told = [], [], Counter[str]()
        for number in range(bench.rounds):
            bench.tell(f"hostile: {kind}, {number + 1} of {bench.rounds}")
            began, cpu, answers = time.perf_counter(), server.cpu_seconds(), Counter[str]()
            async with _harmed(server.url, kind, token, answers):
                await asyncio.sleep(_COMES_SECONDS)
                found.append(await _asked(server))
            more = server.cpu_seconds() - cpu - busy * (time.perf_counter() - began)
            costs.append(more / max(1, answers.total()))
            told += answers
            await asyncio.sleep(_GOES_SECONDS)
        rows += _rows(kind, found, note=", ".join(f"{code}: {count:,}" for code, count in told.most_common()))
        rows.append(Row(f"{kind}: CPU time of each answer", Figure(tuple(costs), "ms")))
    return rows


async def _asked(server: Server) -> list[float]:
    """The seconds that the caller waited for each answer."""
    command = ("-m", "benchmarks.caller", server.url, _RELEASE, str(_ASKED_SECONDS))
    process = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=asyncio.subprocess.PIPE)
    told, _ = await process.communicate()
    found: list[float] = json.loads(told)
    return found


@asynccontextmanager
async def _harmed(url: str, kind: str, token: str, answers: Counter[str]) -> AsyncIterator[None]:
    """While the block runs; counts what those who mean harm were answered."""
    async with AsyncExitStack() as stack:
        for portion in range(_PROCESSES):
            command = [*dying_with_parent("KILL"), sys.executable, "-m", "benchmarks.hostility"]
            process = await asyncio.create_subprocess_exec(
                *command, kind, url, token, str(portion), stdout=asyncio.subprocess.PIPE
            )
            stack.push_async_callback(_ended, process, answers)
        yield


async def _ended(process: asyncio.subprocess.Process, answers: Counter[str]) -> None:
    with suppress(ProcessLookupError):
        process.terminate()
    told, _ = await process.communicate()
    answers.update(json.loads(told))


def _rows(beside: str, found: list[list[float]], *, note: str = "") -> list[Row]:
    medians = Figure(tuple(statistics.median(times) for times in found), "ms")
    slow = Figure(tuple(statistics.quantiles(times, n=100)[98] for times in found), "ms")
    return [
        Row(f"a caller beside {beside}, median", medians),
        Row("the same, 99th percentile", slow, below=_GOAL, note=note),
    ]
