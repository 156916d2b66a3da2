"""The worker is killed with SIGKILL before a job, in the middle of it, and before it is marked as done; another worker
does it."""

import asyncio
import signal
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest
from sqlalchemy import text

from app.program.processes import running
from reconcilers.worker import run_worker
from tests.charts.servers import Files, served
from tests.forks import forked
from tests.live.processes import environment
from tests.reconcilers.crashing_worker import JOB_STEPS, run
from tests.sample_charts import archive, chart_files
from tests.stack import Stack, eventually

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]
READS = {"committed": 1, "job taken": 1, "index read": 2, "about to be marked as done": 2}
"""How often the index is read, with the killed worker's reads."""


@pytest.mark.parametrize("step", list(JOB_STEPS))
async def test_a_job_of_a_worker_that_is_killed_is_done_by_another_one(new_stack: NewStack, step: str) -> None:
    files = Files()
    files.offer("web", "1.0.0", archive(chart_files("web"), root="web"))
    async with served(files) as host, new_stack(working=False, plain_http_hosts=host) as stack:
        added = await stack.mutate("addChartRepository", "__typename", name="stable", url=f"http://{host}")
        assert added["__typename"] == "ChartRepositoryPayload"
        files.asked.clear()
        async with stack.services.transaction() as transaction:
            await transaction.session.execute(text("UPDATE chart_repository SET refreshed_at = NULL"))
        given = environment(stack, plain_http_hosts=host)
        worker = forked(run, step, environment=given)
        async with asyncio.timeout(180):
            assert await worker.wait() == -signal.SIGKILL
        rows = await stack.services.database.rows(text("SELECT name, attempts FROM job"))
        assert [tuple(row) for row in rows] == [("charts.read_index", int(step != "committed"))]

        async with stack.services.transaction() as transaction:  # as if the time of the lease had passed
            await transaction.session.execute(text("UPDATE job SET taken_until = now() - interval '1 s'"))

        async def is_done() -> bool:
            return not await stack.services.database.rows(text("SELECT id FROM job"))

        async with running(run_worker(stack.services)):
            await eventually(is_done)
        found = await stack.services.database.rows(text("SELECT refreshed_at IS NOT NULL FROM chart_repository"))
        assert [tuple(row) for row in found] == [(True,)]
        assert [path for path, _ in files.asked] == ["/index.yaml"] * READS[step]
