"""The worker is killed with SIGKILL at each place between two effects of a run, and another one continues the run."""

import asyncio
import signal
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest
from aiohttp import web
from sqlalchemy import text

from app.program.processes import running
from reconcilers.worker import run_worker
from tests.automation.test_runs import ended, started
from tests.charts.servers import served
from tests.forks import forked
from tests.live.processes import environment
from tests.reconcilers.crashing_worker import WORKFLOW_STEPS, run
from tests.stack import Stack

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]
BUILD = """
name: build
parameters: {required: [url], properties: {url: {type: string}}}
steps:
  - {name: begin, type: log, inputs: {message: Building.}}
  - {name: build, type: http-request, inputs: {method: POST, url: "${{ parameters.url }}"}}
  - {name: pause, type: sleep, inputs: {duration: 1s}}
  - {name: end, type: log, inputs: {message: "Status ${{ steps.build.outputs.status }}."}}
"""


@pytest.mark.parametrize("step", list(WORKFLOW_STEPS))
async def test_a_run_of_a_worker_that_is_killed_is_continued_by_another_one(new_stack: NewStack, step: str) -> None:
    keys: list[str] = []

    async def build(request: web.Request) -> web.StreamResponse:
        keys.append(request.headers["Idempotency-Key"])
        return web.Response(text="built")

    async with served(build) as host, new_stack(working=False, plain_http_hosts=host) as stack:
        number = await started(stack, BUILD, "build", {"url": f"http://{host}"})
        worker = forked(run, step, environment=environment(stack, plain_http_hosts=host))
        async with asyncio.timeout(180):
            assert await worker.wait() == -signal.SIGKILL
        async with stack.services.transaction() as transaction:  # as if the time of the leases had passed
            await transaction.session.execute(text("UPDATE job SET taken_until = now() - interval '1 s'"))
            past = "UPDATE workflow_executor SET alive_until = now() - interval '1 s'"
            await transaction.session.execute(text(past))
        async with running(run_worker(stack.services)):
            found = await ended(stack, number)
        assert (found["state"], found["error"]) == ("SUCCEEDED", None)
        assert [step["state"] for step in found["steps"]["nodes"]] == ["SUCCEEDED"] * 4
        assert [line["message"] for line in found["logs"]["nodes"]] == ["Building.", "Status 200."]
        (executions,) = [step["executions"] for step in found["steps"]["nodes"] if step["path"] == "build"]
        assert len(set(keys)) == 1
        assert len(keys) <= executions <= 2
