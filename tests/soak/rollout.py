"""A rollout in five waves while workers are killed and a tenth of the members is away.

`python -m tests.soak.rollout --members 100 --seed 7` runs the long form.
"""

import argparse
import asyncio
import base64
import random
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import text

from app.core import migrations
from app.core.settings import Settings
from app.core.telemetry import configure_logging
from app.program.embedded import embedded
from app.program.processes import run, run_observer, running
from simulator import Member, Simulator
from tests.delivery.asking import wave
from tests.forks import Fork, polyhelm
from tests.live.processes import environment
from tests.outages import TEMPLATE
from tests.sample_charts import archive, chart_files
from tests.soak.availability import Availability, works
from tests.stack import Stack, eventually, fresh_database, open_stack, trust_the_machine

_WORKER = {
    "lease_seconds": 2,
    "sweep_every": 0.5,
    "retry_base": 0.1,
    "retry_cap": 1,
    "helm_retries": 100,
    "worker_concurrency": 8,
}
_WORKERS = 2
_LEAST_BUDGET = 2
_LONGEST_QUIET = 1.0
"""Seconds after which members come and go although no Helm has begun: all those that move may be away."""
_KILLS = 0.12
_SWAPS = 0.2
"""With this probability, a worker is killed, or a member leaves and another returns, each time that a Helm begins."""

_DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: nginx}]}
"""


@dataclass
class Report:
    budget: int
    most: int = 0
    """The most members that were unavailable at once."""
    kills: int = 0
    returns: int = 0
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [
            f"{self.most} of {self.budget} members unavailable at most, {self.kills} workers killed,"
            f" {self.returns} members returned, {self.seconds:.0f} s",
            *self.problems,
        ]
        return "\n".join(lines)


@dataclass
class Trouble:
    """Kills workers and has members leave and return, as the random numbers have it, each time that `begun` is set."""

    stack: Stack
    members: Mapping[str, Member]
    chance: random.Random
    report: Report
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    away: list[str] = field(default_factory=list)
    workers: list[Fork] = field(default_factory=list)

    def leave(self, count: int) -> None:
        present = sorted(self.members.keys() - set(self.away))
        for name in self.chance.sample(present, count):
            self.members[name].faults.down = True
            self.away.append(name)

    def bring_back(self, count: int) -> None:
        """Those that have been away for longest return."""
        for name in self.away[:count]:
            self.members[name].faults.down = False
        self.report.returns += len(self.away[:count])
        del self.away[:count]

    def start_worker(self) -> None:
        self.workers.append(polyhelm("worker", environment=environment(self.stack, **_WORKER)))

    async def kill(self, worker: Fork) -> None:
        self.workers.remove(worker)
        worker.kill()
        await worker.wait()

    async def run(self) -> None:
        while True:
            is_quiet = False
            try:
                async with asyncio.timeout(_LONGEST_QUIET):
                    await self.begun.wait()
            except TimeoutError:
                is_quiet = True
            self.begun.clear()
            if is_quiet or self.chance.random() < _SWAPS:
                self.bring_back(1)
                self.leave(1)
            if not is_quiet and self.chance.random() < _KILLS:
                await self.kill(self.chance.choice(self.workers))
                self.report.kills += 1
                self.start_worker()

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        for _ in range(_WORKERS):
            self.start_worker()
        try:
            yield
        finally:
            for worker in list(self.workers):
                await self.kill(worker)


async def roll_out(
    stack: Stack, members: Mapping[str, Member], seed: int, say: Callable[[str], None] = lambda text: None
) -> Report:
    """Rolls a change out to all members; the stack has neither a worker nor an observer. What happens on the members
    depends on the seed, and the order in which it does on the machine."""
    began = time.monotonic()
    tenth = len(members) // 10
    report = Report(budget=max(_LEAST_BUDGET, tenth))
    chance = random.Random(seed)
    trouble = Trouble(stack, members, chance, report)
    seen = Availability({each.name: each for each in members.values()}, report.budget, trouble.begun.set)
    for member in members.values():
        member.workloads.delay = chance.uniform(0.02, 0.5)
    async with running(run_observer(stack.services)), trouble.working():
        await stack.fleet({name: member.kubeconfig for name, member in members.items()})
        files = chart_files("shop") | {"templates/web.yaml": _DEPLOYMENT}
        await stack.upload(base64.b64encode(archive(files, "shop")).decode())
        created = await stack.create(releaseName="shop", chart="charts/shop", values={"replicas": 1})
        await _until(stack, "SELECT count(*) = 0 FROM target WHERE health <> 'HEALTHY' OR generation IS NULL")
        say(f"installed on {len(members)} members")
        trouble.leave(tenth)
        away = f"SELECT count(*) >= {len(trouble.away)} FROM cluster WHERE reachability <> 'REACHABLE'"
        await _until(stack, away)
        seen.follow()
        waves = [wave(f"wave-{number}", percent=20, maxDeferred="100%") for number in range(1, 6)]
        strategy = {"waves": waves, "maxUnavailable": str(report.budget)}
        shop = created["deployment"]["id"]
        answer = await stack.update(shop, values={"replicas": 2}, strategy=strategy)
        assert answer["__typename"] == "DeploymentPayload", answer
        async with running(trouble.run()):
            await _until(stack, "SELECT count(*) = 0 FROM rollout WHERE ended_at IS NULL")
        say("the rollout has ended; all members return")
        trouble.bring_back(len(trouble.away))
        await _until(stack, "SELECT count(*) = 0 FROM rollout_target WHERE state <> 'READY'")
    report.most, report.seconds = seen.most, time.monotonic() - began
    await _judge(stack, report, seen, members)
    return report


def settings(count: int) -> dict[str, Any]:
    """Those of a stack with so many members: the more there are, the longer is the time after which one is unreachable.
    They share a process with the API and the observer."""
    patience = max(3, count // 10)
    return {"unreachable_after": patience, "member_timeout": patience}


async def _judge(stack: Stack, report: Report, seen: Availability, members: Mapping[str, Member]) -> None:
    [[phase, ending]] = await stack.services.database.rows(text("SELECT phase, ending FROM rollout"))
    if phase != "SUCCEEDED":
        report.problems.append(f"The rollout is {phase} ({ending}).")
    report.problems += [f"{len(names)} members were unavailable: {', '.join(names)}" for names in seen.excess]
    for name, member in members.items():
        [deployment] = member.objects("deployments", "apps")
        if not works(member) or deployment["spec"]["replicas"] != 2:
            report.problems.append(f"{name} does not have the change.")


async def _until(stack: Stack, question: str) -> None:
    """Waits until the answer of the database is true, as long as that takes."""

    async def is_so() -> bool:
        [[found]] = await stack.services.database.rows(text(question))
        return bool(found)

    await eventually(is_so, seconds=3600)


async def _run(count: int, seed: int) -> Report:
    folder = Path(tempfile.mkdtemp(prefix="polyhelm-rollout-"))
    try:
        async with AsyncExitStack() as opened:
            servers = await opened.enter_async_context(embedded(Settings(data_dir=folder)))
            assert servers.database_url is not None
            await trust_the_machine(servers.database_url)
            await migrations.migrate(await fresh_database(servers.database_url, TEMPLATE))
            names = [f"member-{number:03}" for number in range(count)]
            simulator = await opened.enter_async_context(Simulator(names))
            new_stack = partial(open_stack, servers, TEMPLATE, folder / "stack", working=False)
            stack = await opened.enter_async_context(new_stack(log_level="error", **settings(count)))
            configure_logging(stack.services.settings)
            say = partial(print, flush=True)
            return await roll_out(stack, simulator.members, seed, lambda told: say(time.strftime("%H:%M:%S"), told))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak.rollout", description="A rollout under faults.")
    parser.add_argument("--members", type=int, default=100)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    found: list[Report] = []

    async def rolled_out() -> None:
        found.append(await _run(arguments.members, arguments.seed))

    run(rolled_out())
    print(*found, sep="\n", flush=True)
    return 1 if any(report.problems for report in found) else 0


if __name__ == "__main__":
    sys.exit(main())
