"""Bursts of steps under faults, with a look at everything after each."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.contract.helm import PACKAGED
from tests.soak.events import Follower, following
from tests.soak.installation import installation
from tests.soak.oracle import Oracle
from tests.soak.steps import Step, World, chosen, take
from tests.soak.trouble import trouble

_PAUSE = 0.6
"""Seconds between two steps of a burst, at most."""
_LATE_SECONDS = 300.0


@dataclass
class Report:
    seed: int
    steps: int = 0
    bursts: int = 0
    problems: list[str] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        head = f"{self.steps} steps in {self.bursts} bursts with seed {self.seed}: {len(self.problems)} problems"
        return "\n".join([head, *self.problems])


async def soak(
    folder: Path,
    real: Mapping[str, str],
    *,
    seed: int,
    steps: int,
    seconds: float = float("inf"),
    helm: str = PACKAGED,
    most_problems: int = 1,
    say: Callable[[str], None] = print,
) -> Report:
    """Ends after so many steps, so many seconds, or so many bursts with problems."""
    report = Report(seed)
    failed = 0
    async with AsyncExitStack() as stack:
        opened = await stack.enter_async_context(installation(folder, real, helm=helm))
        world = World(opened, members=set(opened.sites))
        oracle = Oracle(world)
        await oracle.begin()
        follower = await stack.enter_async_context(following(opened.user))
        report.failures = oracle.failures
        end = time.monotonic() + seconds
        say(f"all has started, seed {seed}")
        while report.steps < steps and time.monotonic() < end and failed < most_problems:
            problems = await _burst(world, oracle, follower, report, say)
            if problems:
                failed += 1
                report.problems += problems
    return report


async def _burst(
    world: World, oracle: Oracle, follower: Follower, report: Report, say: Callable[[str], None]
) -> list[str]:
    chance = random.Random(f"{report.seed}/burst {report.bursts}")
    report.bursts += 1
    began, troubles = time.monotonic(), list[str]()
    failing = [asyncio.create_task(trouble(world.installation, chance, troubles)) for _ in range(chance.randint(1, 2))]
    taken: list[Step] = []
    problems: list[str] = []
    async with asyncio.TaskGroup() as group:
        for _ in range(chance.randint(10, 20)):
            step = chosen(report.seed, report.steps)
            report.steps += 1
            report.kinds[step.kind] += 1
            taken.append(step)
            group.create_task(_try(world, step, problems))
            await asyncio.sleep(chance.uniform(0, _PAUSE))
        for task in failing:
            task.cancel()
        for ended in await asyncio.gather(*failing, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended
        await world.installation.heal()
    healed = time.monotonic()
    for look in (oracle.problems, follower.problems):
        try:
            problems += await look()
        except Exception as error:  # an API that does not answer, say
            problems.append(f"{look.__qualname__}: {error!r}")
    told = (
        f"burst {report.bursts}, step {report.steps}: {healed - began:.1f} s, rest in {time.monotonic() - healed:.1f} s"
    )
    say(told)
    if problems:
        lines = [told, *(f"  step {step.number}: {step.told or step.kind}" for step in taken)]
        lines += [f"  trouble: {each}" for each in troubles]
        problems = ["\n".join([*lines, *(f"  PROBLEM: {each}" for each in problems)])]
        say(problems[0])
    return problems


async def _try(world: World, step: Step, problems: list[str]) -> None:
    try:
        async with asyncio.timeout(_LATE_SECONDS):
            await take(world, step)
    except Exception as error:  # what goes wrong in a step is what we look for
        problems.append(f"step {step.number} ({step.told or step.kind}): {error!r}")
