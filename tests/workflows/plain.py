"""A plain interpreter of definitions, and random definitions with what their attempts do.

The interpreter knows in advance how long each attempt takes and how it ends, so it computes when a step ends as soon
as the step begins.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from app.workflows.definition import StepTemplate, dependencies, in_order

START = datetime(2026, 1, 1, tzinfo=UTC)
Row = tuple[str, datetime, datetime, int]
"""State, begin, end, and the number of attempts if it was not cancelled."""


@dataclass(frozen=True)
class Attempt:
    takes: timedelta
    succeeds: bool


@dataclass
class World:
    """What attempts do: a function of the seed, the path and the number. It is unlikely that two end at once."""

    seed: int

    def attempt(self, path: str, number: int) -> Attempt:
        random = Random(f"{self.seed} {path} {number}")
        return Attempt(timedelta(microseconds=random.randint(1, 10**9)), random.random() < 0.7)


@dataclass
class Plain:
    """Runs definitions whose conditions are `true` or a parameter that is false, and whose items are lists."""

    world: World
    rows: dict[str, Row] = field(default_factory=dict)

    def group(self, steps: tuple[StepTemplate, ...], prefix: str, now: datetime, *, is_parallel: bool) -> Row:
        """Runs the steps of a group that begins now."""
        begin, needs = now, dependencies(steps, is_parallel=is_parallel)
        waiting = in_order(steps, is_parallel=is_parallel)
        ended, has_failed = set[str](), False
        running: list[tuple[datetime, str]] = []
        failures: list[tuple[datetime, str]] = []
        while True:
            while failures and failures[0][0] <= now:
                heapq.heappop(failures)
                has_failed = True
            for step in list(waiting):
                if not has_failed and ended.issuperset(needs[step.name]):
                    waiting.remove(step)
                    fails_at, ends_at = self.step(step, prefix + step.name, now)
                    if ends_at is None:
                        ended.add(step.name)
                        continue
                    heapq.heappush(running, (ends_at, step.name))
                    if fails_at is not None and not step.continues_on_error:
                        heapq.heappush(failures, (fails_at, step.name))
            if not running:
                return ("FAILED" if has_failed else "SUCCEEDED", begin, now, 0)
            now = min([running[0][0], *(failure[0] for failure in failures[:1])])
            while running and running[0][0] <= now:
                ended.add(heapq.heappop(running)[1])

    def step(self, step: StepTemplate, path: str, now: datetime) -> tuple[datetime | None, datetime | None]:
        """Runs a step that begins now. Returns when it fails, and when it ends; neither if it is skipped."""
        if step.condition == "${{ parameters.no }}":
            self.rows[path] = ("SKIPPED", now, now, 0)
            return None, None
        state, _, end, attempts = self.items(step, path, now) if step.for_each else self.body(step, path, now)
        fails_at = end if state == "FAILED" else None
        if fails_at is not None and step.on_failure:
            end = self.group(step.on_failure, f"{path}.onFailure/", end, is_parallel=False)[2]
        self.rows[path] = (state, now, end, attempts)
        return fails_at, end

    def items(self, step: StepTemplate, path: str, now: datetime) -> Row:
        assert step.for_each is not None
        begin, running, has_failed = now, list[tuple[datetime, bool]](), False
        for index in range(len(step.for_each.items)):
            if len(running) == step.for_each.limit:
                now, failed = heapq.heappop(running)
                has_failed |= failed
            if has_failed and not step.continues_on_error:
                break
            row = self.rows[f"{path}[{index}]"] = self.body(step, f"{path}[{index}]", now)
            heapq.heappush(running, (row[2], row[0] == "FAILED"))
        for end, failed in running:
            now, has_failed = max(now, end), has_failed or failed
        return ("FAILED" if has_failed else "SUCCEEDED", begin, now, 0)

    def body(self, step: StepTemplate, path: str, now: datetime) -> Row:
        if step.type is None:
            row = self.group(step.steps, f"{path}/", now, is_parallel=step.is_parallel)
            if step.timeout is None or row[2] < now + step.timeout:
                return row
            self.cut(f"{path}/", now + step.timeout)
            return ("FAILED", now, now + step.timeout, 0)
        begin, number = now, 1
        while True:
            attempt = self.world.attempt(path, number)
            is_late = step.timeout is not None and attempt.takes >= step.timeout
            now += step.timeout if is_late and step.timeout else attempt.takes
            if attempt.succeeds and not is_late:
                return ("SUCCEEDED", begin, now, number)
            if number == step.retry.attempts:
                return ("FAILED", begin, now, number)
            now += step.retry.backoff * 2 ** (number - 1)
            number += 1

    def cut(self, prefix: str, end: datetime) -> None:
        """What happened below a path until its time was over."""
        for path, (_, begin, ends_at, _) in list(self.rows.items()):
            if path.startswith(prefix) and begin >= end:
                del self.rows[path]
            elif path.startswith(prefix) and ends_at >= end:
                self.rows[path] = ("CANCELLED", begin, end, 0)


def random_steps(random: Random, names: Iterator[int], depth: int = 0) -> list[dict[str, Any]]:
    steps = list[dict[str, Any]]()
    for _ in range(random.randint(1, 4)):
        step: dict[str, Any] = {"name": f"s{next(names)}"}
        if depth < 3 and random.random() < 0.35:
            step[random.choice(["sequence", "parallel"])] = random_steps(random, names, depth + 1)
        else:
            step |= {"type": "log", "inputs": {"message": "Hello."}}
            if random.random() < 0.3:
                step["retry"] = {"attempts": random.randint(1, 3), "backoff": f"{random.randint(1, 60)}s"}
        if random.random() < 0.3:
            step["timeout"] = f"{random.randint(60, 1500)}s"
        if random.random() < 0.2:
            step["if"] = random.choice(["${{ true }}", "${{ parameters.no }}"])
        if random.random() < 0.25:
            step["forEach"] = {"items": list(range(random.randint(0, 4))), "limit": random.randint(1, 3)}
        if random.random() < 0.4:
            step["continueOnError"] = True
        if depth < 3 and random.random() < 0.2:
            step["onFailure"] = random_steps(random, names, depth + 1)
        if steps and random.random() < 0.3:
            earlier = [each["name"] for each in steps]
            step["dependsOn"] = random.sample(earlier, random.randint(0, len(earlier)))
        steps.append(step)
    return steps
