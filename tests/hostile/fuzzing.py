"""`python -m tests.hostile.fuzzing --seconds 3600 --seed 7`: hostile records, indexes, manifests and schemas, given to
a whole Polyhelm by whoever may give them. Each of them has an answer, and whatever they are, another organization's
change is seen within a second meanwhile. The same seed gives the same inputs again."""

import argparse
import asyncio
import base64
import random
import shutil
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import structlog
from aiohttp import web
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from sqlalchemy import text

from app.core import migrations
from app.core.settings import Settings
from app.program.embedded import embedded
from app.program.processes import run
from simulator import Member, Simulator
from tests.charts.servers import served
from tests.hostile.inputs import INDEXES, MANIFESTS, RECORDS, SCHEMAS
from tests.live import hands
from tests.outages import TEMPLATE
from tests.sample_charts import archive, chart_files, packaged
from tests.stack import TOKEN, Stack, eventually, fresh_database, open_stack, trust_the_machine

Found = TypeVar("Found")

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]

AT_ONCE = 12
QUIET_CHANGES = 5
OWN = {"organization": "default"}
MOST_SECRET = 2**20
"""Bytes that an API server takes."""
FIELDS = "__typename ... on UserError { code }"
PAYLOAD = "... on ChartRepositoryPayload { chartRepository { id } }"


def drawn(strategy: st.SearchStrategy[Found], number: int, from_seed: int) -> list[Found]:
    """So many inputs, always the same ones from a seed."""
    found: list[Found] = []

    @seed(from_seed)
    @settings(
        max_examples=number,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def draw(value: Found) -> None:
        found.append(value)

    with warnings.catch_warnings(action="ignore"):  # that an input is large
        draw()
    return found[:number]


class Repository:
    """A chart repository with an index and nothing else."""

    def __init__(self) -> None:
        self.content = b"entries: {}"

    async def answer(self, request: web.Request) -> web.Response:
        return web.Response(body=self.content)


@dataclass
class Report:
    seed: int
    given: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    """Seconds until a change of another organization was seen, for each change."""
    quiet_waits: list[float] = field(default_factory=list)
    """The same while nothing hostile was given: what the machine needs for it anyway."""

    def __str__(self) -> str:
        given = ", ".join(f"{number} {what}" for what, number in self.given.items())
        return (
            f"seed {self.seed}: {given}; another organization's changes were seen after {_summary(self.waits)};"
            f" without hostile input after {_summary(self.quiet_waits)}; {len(self.problems)} problems"
        )


def _summary(waits: list[float]) -> str:
    if not waits:
        return "no time that was measured"
    return f"{sorted(waits)[len(waits) // 2]:.3f} s at the median, {max(waits):.3f} s at most"


class Fuzzer:
    """Gives one kind of input after the other to a Polyhelm in which `paris` is a cluster of the one who gives them,
    and `berlin`, with the release `shop`, another organization's."""

    def __init__(self, stack: Stack, repository: "Repository", paris: Member, berlin: Member, report: Report) -> None:
        self._stack = stack
        self._index = repository
        self._paris, self._berlin = paris, berlin
        self._report = report
        self._number = 0

    async def prepare(self, host: str) -> None:
        stack = self._stack
        await stack.fleet({"paris": self._paris.kubeconfig})
        added = await stack.mutate("addChartRepository", PAYLOAD, name="fuzzed", url=f"http://{host}")
        self._repository = added["chartRepository"]["id"]
        await stack.mutate("createOrganization", "__typename", name="others")
        others = {"organization": "others"}
        await stack.register("berlin", self._berlin.kubeconfig, **others)
        fields = "... on ClusterGroupPayload { clusterGroup { id } }"
        await stack.mutate("createClusterGroup", fields, name="theirs", members=["berlin"], **others)
        fields = "... on UploadChartPayload { version }"
        await stack.mutate("uploadChart", fields, repository="theirs", archive=packaged(), **others)
        self._shop = await stack.deployed(group="theirs", chart="theirs/web", releaseName="shop", **others)
        self._cluster = await self._cluster_id()

    async def _cluster_id(self) -> int:
        rows = await self._stack.services.database.rows(text("SELECT id FROM cluster WHERE name = 'paris'"))
        return int(rows[0].id)

    async def round(self, from_seed: int) -> None:
        """Some of each kind. They are drawn before they are given: to draw them keeps the event loop busy."""
        records, indexes = drawn(RECORDS, AT_ONCE, from_seed), drawn(INDEXES, AT_ONCE, from_seed)
        schemas, manifests = drawn(SCHEMAS, AT_ONCE // 2, from_seed), drawn(MANIFESTS, AT_ONCE // 2, from_seed)
        for _ in range(QUIET_CHANGES):
            await self._measure(self._report.quiet_waits)
        gifts: list[Callable[[], Awaitable[None]]] = [
            partial(self.records, records),
            partial(self.indexes, indexes),
            partial(self.schemas, schemas),
            partial(self.manifests, manifests),
        ]
        for give in gifts:
            watching = asyncio.create_task(self._watch_the_others())
            try:
                await give()
            finally:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)

    async def _watch_the_others(self) -> None:
        while True:
            await self._measure(self._report.waits)

    async def _measure(self, waits: list[float]) -> None:
        revision = hands.upgrade(self._berlin, "shop", {"replicas": random.randrange(10**6)})
        began = time.monotonic()
        await eventually(partial(self._is_seen, revision), 120)
        waits.append(time.monotonic() - began)
        await asyncio.sleep(0.2)

    async def _is_seen(self, revision: int) -> bool:
        statement = text("SELECT 1 FROM release WHERE name = 'shop' AND revision = :revision")
        return bool(await self._stack.services.database.rows(statement, revision=revision))

    async def records(self, records: list[dict[str, Any]]) -> None:
        """Each is stored: as what it holds, or with the reason why it cannot be read."""
        names = []
        for secret in records:
            if len(secret["data"]["release"]) > MOST_SECRET:
                continue
            self._number += 1
            name = f"fuzz-{self._number}"
            labels = {"owner": "helm", "name": name, "version": "1", "status": "deployed"}
            metadata = {"name": f"sh.helm.release.v1.{name}.v1", "namespace": "default", "labels": labels}
            self._paris.put("secrets", {"type": secret["type"], "metadata": metadata, "data": secret["data"]})
            names.append(name)
        statement = text("SELECT name, unreadable FROM release WHERE cluster_id = :cluster AND name = ANY(:names)")

        async def told() -> Any:
            rows = await self._stack.services.database.rows(statement, cluster=self._cluster, names=names)
            return rows if len(rows) == len(names) else None

        self._report.given["records"] += len(names)
        try:
            for row in await eventually(told, 60):
                self._report.answers["record unreadable" if row.unreadable else "record read"] += 1
        except AssertionError:
            self._report.problems.append(f"not all of these records were stored: {names}")

    async def indexes(self, indexes: list[bytes]) -> None:
        for self._index.content in indexes:
            await self._ask("indexes", self._index.content, "refreshChartRepository", id=self._repository)

    async def schemas(self, schemas: list[str]) -> None:
        for schema in schemas:
            await self._plan("schemas", schema, {"values.schema.json": schema})

    async def manifests(self, manifests: list[str]) -> None:
        for manifest in manifests:
            rendered = '{{ .Files.Get "manifest" }}'
            await self._plan("manifests", manifest, {"manifest": manifest, "templates/config.yaml": rendered})

    async def _plan(self, what: str, given: str, files: dict[str, str]) -> None:
        self._number += 1
        chart = chart_files(f"fuzz{self._number}") | files
        try:
            packed = archive(chart, root=f"fuzz{self._number}")
        except UnicodeEncodeError:
            return  # no file holds half of a letter
        encoded = base64.b64encode(packed).decode()
        answer = await self._ask(what, given, "uploadChart", repository="charts", archive=encoded, **OWN)
        if answer.get("__typename") != "UploadChartPayload":
            return
        wanted = {"group": "fleet", "chart": f"charts/fuzz{self._number}", "releaseName": "fuzzed", "dryRun": True}
        await self._ask(what, given, "createDeployment", namespace="default", **wanted, **OWN)
        self._report.given[what] -= 1  # it was given twice

    async def _ask(self, what: str, given: object, mutation: str, **variables: Any) -> dict[str, Any]:
        """A mutation's answer, which is its payload or an error that says what is wrong with the input."""
        kind = mutation[0].upper() + mutation[1:]
        query = (
            f"mutation ($input: {kind}Input!) {{ {mutation}(input: $input) {{ __typename ... on UserError {{ code }}"
        )
        query += " } }"
        self._report.given[what] += 1
        answer = await self._stack.ask(query, TOKEN, input=variables)
        if errors := answer.get("errors"):
            codes = [error.get("extensions", {}).get("code", "internal") for error in errors]
            self._report.answers[f"{what}: {' '.join(codes)}"] += 1
            if "internal" in codes:
                self._report.problems.append(f"{mutation} of {str(given)[:300]!r}: {errors}")
            return {}
        found: dict[str, Any] = answer["data"][mutation]
        self._report.answers[f"{what}: {found.get('code') or found['__typename']}"] += 1
        return found


@asynccontextmanager
async def fuzzing(new_stack: NewStack, simulator: Simulator, report: Report) -> AsyncIterator[Fuzzer]:
    """A fuzzer on a Polyhelm of its own. What is logged as an error becomes a problem of the report."""
    names = [f"{city}-{random.randrange(10**9)}" for city in ("paris", "berlin")]
    repository = Repository()
    with structlog.testing.capture_logs() as logs:
        async with served(repository.answer) as host, new_stack(plain_http_hosts=host, schema_cpu_seconds=1) as stack:
            paris, berlin = map(simulator.add, names)
            fuzzer = Fuzzer(stack, repository, paris, berlin, report)
            await fuzzer.prepare(host)
            yield fuzzer
    report.problems += [f"logged: {line}" for line in logs if line["log_level"] in ("error", "critical")]


async def _run(seconds: float, report: Report) -> None:
    folder = Path(tempfile.mkdtemp(prefix="polyhelm-fuzzing-"))
    try:
        async with AsyncExitStack() as opened:
            servers = await opened.enter_async_context(embedded(Settings(data_dir=folder)))
            assert servers.database_url is not None
            await trust_the_machine(servers.database_url)
            await migrations.migrate(await fresh_database(servers.database_url, TEMPLATE))
            simulator = await opened.enter_async_context(Simulator())
            new_stack = partial(open_stack, servers, TEMPLATE, folder / "stack", working=True)
            fuzzer = await opened.enter_async_context(fuzzing(new_stack, simulator, report))
            ends_at, number = time.monotonic() + seconds, 0
            while time.monotonic() < ends_at and not report.problems:
                await fuzzer.round(report.seed * 10**6 + number)
                number += 1
                print(time.strftime("%H:%M:%S"), report, flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.hostile.fuzzing", description="Hostile inputs.")
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    report = Report(arguments.seed)
    run(_run(arguments.seconds, report))  # as a process of Polyhelm runs: its garbage collection holds nobody up
    print(report, *report.answers.items(), *report.problems, sep="\n", flush=True)
    late = [wait for wait in report.waits if wait > 1.0]
    if late:
        print(f"{len(late)} changes of another organization were seen after more than a second", flush=True)
    return 1 if report.problems or late else 0


if __name__ == "__main__":
    sys.exit(main())
