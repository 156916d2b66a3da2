"""From a change on a member to its subscribers: the latency, and the cost of watching.

API and observer are processes of their own, members too; a change is a release record that is written as Helm writes
it, and its time runs from the moment at which the API server has acknowledged it."""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import orjson
from sqlalchemy import ColumnElement, func, select
from sqlmodel import col
from websockets.asyncio.client import connect

from app.clusters.kubeconfig import read_kubeconfig
from app.clusters.member import Member
from app.clusters.release_records import list_releases, watch_releases
from app.fleet.services import AllServices
from app.health.health import Health
from app.releases.values import merge
from app.tables.targets import Target
from benchmarks import processes
from benchmarks.bench import Bench
from benchmarks.figures import Figure, Row
from benchmarks.fleet import common, override, release_name, write_record, write_records, write_rows
from benchmarks.helm_loop import HelmLoop
from benchmarks.members import Kubeconfigs, real, simulated
from benchmarks.server import TOKEN
from benchmarks.services import new_services
from benchmarks.workload import manifest, write_objects
from tests.kubernetes.process import HOST, Port, dying_with_parent

_CHANGES = 40
_PAUSE = 0.05  # between two changes, so that each is measured alone
_ARRIVAL_SECONDS = 60.0
_QUIET_SECONDS = 1.0  # without a message: everything was received
_FAN_OUT = 1000
_LARGE, _RELEASES, _OBJECTS = 1000, 10, 8
_IDLE_SECONDS = 30.0
_BUSY_SECONDS, _CHANGES_A_SECOND = 10, 100
_SWEPT = 10  # members that Helm is asked of, for its row
_TARGETS = "subscription { targets { id clusterName revision status } }"


@dataclass
class Installation:
    """A database with a fleet, connections to its members, and the parts that run."""

    services: AllServices
    members: dict[str, Member]
    environment: dict[str, str]
    revisions: dict[tuple[str, int], int] = field(default_factory=dict)

    @asynccontextmanager
    async def part(self, name: str) -> AsyncIterator[asyncio.subprocess.Process]:
        command = [*dying_with_parent("TERM"), sys.executable, "-c", "from app.program.cli import main; main()", name]
        process = await asyncio.create_subprocess_exec(*command, env=self.environment, stdout=subprocess.DEVNULL)
        try:
            yield process
        finally:
            process.terminate()
            await process.wait()

    async def change(self, name: str, release: int = 0) -> tuple[int, float]:
        """Writes a new revision with other values on a member; gives it, and when that was acknowledged."""
        revision = self.revisions[name, release] = self.revisions.get((name, release), 1) + 1
        values = merge(common(release), override(name)) | {"greeting": f"Revision {revision}"}
        await write_record(self.members[name], release_name(release), revision, values)
        return revision, time.perf_counter()

    async def settled(self) -> float:
        """When every target had its verdict."""
        return await self._none(col(Target.observed_at).is_(None))

    async def healthy(self) -> float:
        """When every target was healthy."""
        return await self._none(col(Target.health) != Health.HEALTHY)

    async def _none(self, condition: ColumnElement[bool]) -> float:
        statement = select(func.count()).select_from(Target).where(condition)
        while (await self.services.database.rows(statement))[0][0]:  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.2)
        return time.perf_counter()


@asynccontextmanager
async def _installed(
    bench: Bench, folder: str, kubeconfigs: Kubeconfigs, releases: int, *, with_objects: bool = False
) -> AsyncIterator[Installation]:
    texts = {name: path.read_text() for name, path in kubeconfigs.items()}
    async with AsyncExitStack() as stack:
        services = await stack.enter_async_context(new_services(bench, folder))
        settings = services.settings
        assert settings.database_url is not None and settings.redis_url is not None
        bench.tell(f"live: writing {len(texts)} members with {releases} releases each")
        await write_rows(services, texts, releases)
        members = {name: services.members.connect(read_kubeconfig(text)) for name, text in texts.items()}
        for member in members.values():
            stack.push_async_callback(member.close)
        await write_records(members, releases, manifest if with_objects else lambda _: "")
        if with_objects:
            await write_objects(members, releases)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("POLYHELM_")} | {
            "POLYHELM_DATABASE_URL": settings.database_url,
            "POLYHELM_REDIS_URL": settings.redis_url,
            "POLYHELM_DATA_DIR": str(settings.data_dir),
            "POLYHELM_ALLOWED_NETWORKS": settings.allowed_networks,
            "POLYHELM_LOG_LEVEL": "error",
            "POLYHELM_RATE_BURST": str(2 * _FAN_OUT),  # all subscribers are one user, and come at once
        }
        yield Installation(services, members, environment)


@dataclass
class Subscriber:
    """The revisions of each target that it received, and when."""

    told: dict[tuple[str, int], float] = field(default_factory=dict)
    received: int = 0
    count: int = -1

    async def listen(self, url: str, began: asyncio.Event) -> None:
        async with connect(url, subprotocols=["graphql-transport-ws"], compression=None, max_size=None) as socket:  # type: ignore[list-item]
            init = {"type": "connection_init", "payload": {"Authorization": f"Bearer {TOKEN}"}}
            await socket.send(orjson.dumps(init).decode())
            await socket.recv()
            subscribe = {"id": "1", "type": "subscribe", "payload": {"query": _TARGETS}}
            await socket.send(orjson.dumps(subscribe).decode())
            async for text in socket:
                target = orjson.loads(text)["payload"]["data"]["targets"]
                self.received += 1
                self.told.setdefault((target["clusterName"], target["revision"]), time.perf_counter())
                began.set()

    def is_told_of_more(self) -> bool:
        """Whether anything has come since this was asked last."""
        before, self.count = self.count, self.received
        return self.received != before

    async def when(self, name: str, revision: int) -> float:
        async with asyncio.timeout(_ARRIVAL_SECONDS):
            while (name, revision) not in self.told:  # noqa: ASYNC110 - an event for each would cost more than what is measured
                await asyncio.sleep(0.001)
        return self.told[name, revision]


@asynccontextmanager
async def _subscribers(installation: Installation, count: int) -> AsyncIterator[list[Subscriber]]:
    port = Port()
    port.close()
    installation.environment["POLYHELM_PORT"] = str(port.number)
    async with installation.part("api"), asyncio.TaskGroup() as group:
        await _listening(port.number)
        found, tasks = [Subscriber() for _ in range(count)], []
        for subscriber in found:
            began = asyncio.Event()
            url = f"ws://{HOST}:{port.number}/graphql"
            tasks.append(group.create_task(subscriber.listen(url, began)))
            if len(tasks) % 50 == 0:
                await began.wait()
        await began.wait()
        # The current state comes first: ten thousand targets for a large fleet, without a mark at its end.
        while found[-1].is_told_of_more():  # noqa: ASYNC110
            await asyncio.sleep(_QUIET_SECONDS)
        yield found
        for task in tasks:
            task.cancel()


async def _listening(port: int) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection(HOST, port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return


async def of_changes(bench: Bench) -> list[Row]:
    rows = []
    for kind, count, subscribers in (("simulated", 1, 1), ("simulated", 100, 100), ("real", 3, 1)):
        rows += await _latency(bench, kind, count, subscribers)
    return rows


async def _latency(bench: Bench, kind: str, count: int, subscribers: int) -> list[Row]:
    folder = f"live-{kind}-{count}"
    async with (
        (real if kind == "real" else simulated)(count, bench.folder / folder) as kubeconfigs,
        _installed(bench, f"{folder}-data", kubeconfigs, 1) as installation,
        installation.part("observer"),
        _subscribers(installation, subscribers) as found,
    ):
        await installation.settled()
        what = f"change to subscriber, {count} {kind} members, {subscribers} subscribers"
        return await _changes(bench, installation, found, what, kubeconfigs, goal=count == 100)


async def _changes(
    bench: Bench,
    installation: Installation,
    found: list[Subscriber],
    what: str,
    kubeconfigs: Kubeconfigs,
    *,
    goal: bool,
) -> list[Row]:
    names = list(installation.members)
    bench.tell(f"live: {what}")
    times = []
    for number in range(_CHANGES):
        name = names[number % len(names)]
        revision, acknowledged = await installation.change(name)
        times += [await subscriber.when(name, revision) - acknowledged for subscriber in found]
        await asyncio.sleep(_PAUSE)
    floor = await _bare(installation, names[0])
    sweep = await asyncio.to_thread(_swept, bench, kubeconfigs)
    quantiles = statistics.quantiles(times, n=100)
    return [
        Row(
            f"{what}, median",
            Figure((quantiles[49],), "ms"),
            Figure((floor,), "ms"),
            "a bare watch",
            below=0.025 if goal else None,
        ),
        Row(
            f"{what}, 99th percentile",
            Figure((quantiles[98],), "ms"),
            Figure((sweep,), "ms"),
            "one round of helm list, two at once",
            below=0.1 if goal else None,
        ),
    ]


async def _bare(installation: Installation, name: str) -> float:
    """The median time from a record's acknowledgement to its event at a watch that does nothing else."""
    member = installation.members[name]
    version = (await list_releases(member, room=0, needed=())).version
    seen: dict[int, float] = {}

    async def watch() -> None:
        async with aclosing(watch_releases(member, version, seconds=60)) as stream:
            async for changes in stream:
                for change in changes:
                    if change.head is not None:
                        seen[change.head.revision] = time.perf_counter()

    watching = asyncio.create_task(watch())
    await asyncio.sleep(0.5)
    times = []
    for _ in range(_CHANGES):
        revision, acknowledged = await installation.change(name)
        while revision not in seen:  # noqa: ASYNC110 - influences the measurement least
            await asyncio.sleep(0.0005)
        times.append(max(0.0, seen[revision] - acknowledged))
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    return statistics.median(times)


def _swept(bench: Bench, kubeconfigs: Kubeconfigs) -> float:
    """The seconds that one round of `helm list` over all members takes: measured on a few, and multiplied."""
    home = bench.folder / "live-home"
    home.mkdir(exist_ok=True)
    loop = HelmLoop(bench.helm, home, bench.chart)
    paths: list[Path] = list(kubeconfigs.values())[:_SWEPT]
    loop.each(paths, ["list", "--all-namespaces"], 2)
    return loop.each(paths, ["list", "--all-namespaces"], 2).wall * len(kubeconfigs) / len(paths)


async def of_one_change(bench: Bench) -> list[Row]:
    async with (
        simulated(1, bench.folder / "fan-out") as kubeconfigs,
        _installed(bench, "fan-out-data", kubeconfigs, 1) as installation,
        installation.part("observer"),
        _subscribers(installation, _FAN_OUT) as found,
    ):
        bench.tell(f"live: one change to {_FAN_OUT} subscribers")
        (name,) = installation.members
        times = []
        for _ in range(max(bench.rounds, 5)):
            revision, acknowledged = await installation.change(name)
            times += [await subscriber.when(name, revision) - acknowledged for subscriber in found]
            await asyncio.sleep(1)
    reached = Figure((statistics.quantiles(times, n=100)[98],), "ms")
    return [Row(f"one change to {_FAN_OUT} subscribers, 99th percentile", reached, below=0.15)]


async def at_scale(bench: Bench) -> list[Row]:
    targets = _LARGE * _RELEASES
    async with (
        simulated(_LARGE, bench.folder / "large") as kubeconfigs,
        _installed(bench, "large-data", kubeconfigs, _RELEASES) as installation,
    ):
        bench.tell(f"live: cold start with {_LARGE} members")
        began = time.perf_counter()
        async with installation.part("observer") as observer:
            cold = await installation.settled() - began
            async with _subscribers(installation, 1) as found:
                what = f"change to subscriber, {_LARGE} simulated members, 1 subscriber"
                rows = await _changes(bench, installation, found, what, kubeconfigs, goal=False)
            bench.tell("live: idle")
            idle = await _busy(observer.pid, asyncio.sleep(_IDLE_SECONDS))
            memory = processes.memory([observer.pid]).pss
            bench.tell(f"live: {_CHANGES_A_SECOND} changes a second")
            busy = await _busy(observer.pid, _many_changes(installation))
            memory_busy = processes.memory([observer.pid]).pss
    name = f"observer of {_LARGE} members with {targets} targets"
    return [
        *rows,
        Row(f"{name}, cold start", Figure((cold,)), below=30),
        Row(f"{name}, memory", Figure((memory,), "MB"), below=600e6),
        Row(f"{name}, idle, CPU of one core", Figure((idle,), "%"), below=0.05),
        Row(f"{name}, {_CHANGES_A_SECOND} changes a second, CPU of one core", Figure((busy,), "%")),
        Row("the same, memory", Figure((memory_busy,), "MB")),
    ]


async def of_resources(bench: Bench) -> list[Row]:
    """The same fleet, where each release has eight objects, which the observer follows."""
    async with (
        simulated(_LARGE, bench.folder / "resources") as kubeconfigs,
        _installed(bench, "resources-data", kubeconfigs, _RELEASES, with_objects=True) as installation,
    ):
        bench.tell(f"live: cold start with the objects of {_LARGE} members")
        began = time.perf_counter()
        async with installation.part("observer") as observer:
            settled, healthy = await installation.settled() - began, await installation.healthy() - began
            bench.tell("live: idle")
            idle = await _busy(observer.pid, asyncio.sleep(_IDLE_SECONDS))
            memory = processes.memory([observer.pid]).pss
    name = f"observer of {_LARGE} members with {_LARGE * _RELEASES} targets and {_OBJECTS * _LARGE * _RELEASES} objects"
    return [
        Row(f"{name}, cold start until every status is known", Figure((settled,))),
        Row("the same, until every health is known", Figure((healthy,))),
        Row("the same, memory", Figure((memory,), "MB"), below=1e9),
        Row("the same, idle, CPU of one core", Figure((idle,), "%"), below=0.15),
    ]


async def _busy(pid: int, while_: object) -> float:
    cpu, began = processes.cpu_seconds([pid]), time.perf_counter()
    await while_  # type: ignore[misc]
    return (processes.cpu_seconds([pid]) - cpu) / (time.perf_counter() - began)


async def _many_changes(installation: Installation) -> None:
    names = list(installation.members)
    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(_BUSY_SECONDS * _CHANGES_A_SECOND):
            await asyncio.sleep(max(0.0, began + number / _CHANGES_A_SECOND - time.perf_counter()))
            group.create_task(installation.change(names[number % len(names)], number % _RELEASES))
