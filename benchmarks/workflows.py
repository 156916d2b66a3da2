"""Workflows: the time of a step beside a program that uses DBOS directly, from a signal to the next step, and lists of
runs."""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time

import httpx2
from sqlalchemy import text

from app.fleet.services import AllServices
from app.program.processes import running
from app.server.main import create_app
from benchmarks.bench import Bench
from benchmarks.figures import Figure, Row
from benchmarks.server import TOKEN, Server
from benchmarks.services import new_services
from reconcilers.worker import run_worker

_RUNS, _STEPS = 10, 20
_SIGNALS = 20
_LISTED = 100_000
_POLL_SECONDS = 0.05
_LONGEST_SECONDS = 300.0
_MANY_STEPS = {
    "name": "many-steps",
    "steps": [{"name": f"s{number}", "type": "log", "inputs": {"message": "A line."}} for number in range(_STEPS)],
}
_SIGNALLED = {
    "name": "signalled",
    "steps": [
        {"name": "wait", "type": "signal", "inputs": {"signal": "go"}},
        {"name": "next", "type": "log", "inputs": {"message": "Going."}},
    ],
}
_START = "... on WorkflowRunPayload { run { id } }"
_OPEN = text("SELECT count(*) FROM workflow_run WHERE state = 'RUNNING'")
_TIMES = text("SELECT max(extract(epoch FROM ended_at)) FROM workflow_run")
_WAITING = text("SELECT count(*) FROM step_run WHERE wait = 'SIGNAL' AND state = 'RUNNING' AND outcome IS NULL")
_LAST_LINE = text("SELECT max(extract(epoch FROM at)) FROM step_log WHERE path = 'next'")
_FILL = text("""
    INSERT INTO workflow_run (organization_id, workflow, revision, definition, workflow_id, parameters, state,
      is_cancelling, starter, version, epoch, depth, log_lines, created_at, ended_at)
    SELECT (SELECT min(id) FROM organization), 'many-steps', 1, '{}', 'run-' || n, '{}', 'SUCCEEDED',
      false, 'admin', 1, 1, 0, 0, now() - n * interval '1 s', now() - n * interval '1 s'
    FROM generate_series(1, :count) AS n
""")
_LIST = """{ workflowRuns(first: 50) { nodes { id workflow workflowId state starter createdAt endedAt }
  pageInfo { hasNextPage endCursor } } }"""


async def of_steps(bench: Bench) -> list[Row]:
    async with new_services(bench, "workflows-data") as services:
        transport = httpx2.ASGITransport(create_app(services))
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with (
            httpx2.AsyncClient(transport=transport, base_url="http://localhost", headers=headers, timeout=60) as client,
            running(run_worker(services)),
        ):
            server = Server("http://localhost", client, [])
            for definition in (_MANY_STEPS, _SIGNALLED):
                saved = "... on WorkflowPayload { workflow { id } }"
                await server.mutate("saveWorkflow", saved, definition=json.dumps(definition))
            rows = [await _steps(bench, services, server), await _signals(bench, services, server)]
            rows.append(await _lists(bench, services, server))
    return rows


async def _steps(bench: Bench, services: AllServices, server: Server) -> Row:
    """All runs at once; the time ends with the last run."""
    ours, others = list[float](), list[float]()
    for number in range(bench.rounds + 1):  # the first one warms up, and is not counted
        bench.tell(f"steps of workflows: round {number} of {bench.rounds}")
        began = time.time()
        for _ in range(_RUNS):
            await server.mutate("startWorkflow", _START, workflow="many-steps")
        await _until(services, _OPEN, 0)
        ((ended,),) = await services.database.rows(_TIMES)
        ours.append((float(ended) - began) / (_RUNS * _STEPS))
        others.append(await _dbos(services))
    what = f"step of a workflow, {_RUNS} runs of {_STEPS} steps at once"
    ours_, others_ = (Figure(tuple(found[1:]), "ms") for found in (ours, others))
    return Row(what, ours_, others_, "a program that uses DBOS", below=0.005)


async def _dbos(services: AllServices) -> float:
    """The seconds for a step in a program of its own, on the same Postgres."""
    url = services.settings.database_url
    assert url is not None
    command = [sys.executable, "-m", "benchmarks.dbos_alone", url, str(_RUNS), str(_STEPS)]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    printed, _ = await process.communicate()
    assert process.returncode == 0
    return float(printed.split()[-1])


async def _signals(bench: Bench, services: AllServices, server: Server) -> Row:
    """From the request with the signal until the first line in the log of the next step."""
    medians = []
    for number in range(1, bench.rounds + 1):
        bench.tell(f"signals: round {number} of {bench.rounds}")
        times = []
        for _ in range(_SIGNALS):
            run = (await server.mutate("startWorkflow", _START, workflow="signalled"))["run"]["id"]
            await _until(services, _WAITING, 1)
            sent = time.time()
            await server.mutate("signalWorkflow", _START, run=run, signal="go")
            await _until(services, _OPEN, 0)
            ((line,),) = await services.database.rows(_LAST_LINE)
            times.append(float(line) - sent)
        medians.append(statistics.median(times))
    return Row("signal to the next step of a workflow, median", Figure(tuple(medians), "ms"), below=0.04)


async def _lists(bench: Bench, services: AllServices, server: Server) -> Row:
    bench.tell(f"lists of {_LISTED:,} runs")
    async with services.transaction() as transaction:
        await transaction.session.execute(_FILL, {"count": _LISTED})
    medians = []
    for _ in range(bench.rounds):
        times = []
        for _ in range(_SIGNALS):
            began = time.perf_counter()
            found = (await server.data(_LIST))["workflowRuns"]
            times.append(time.perf_counter() - began)
            assert len(found["nodes"]) == 50
        medians.append(statistics.median(times))
    return Row(f"list of 50 of {_LISTED:,} runs, median", Figure(tuple(medians), "ms"), below=0.02)


async def _until(services: AllServices, count: object, expected: int) -> None:
    async with asyncio.timeout(_LONGEST_SECONDS):
        while True:
            ((found,),) = await services.database.rows(count)
            if found == expected:
                return
            await asyncio.sleep(_POLL_SECONDS)
