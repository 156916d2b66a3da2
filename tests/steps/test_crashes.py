"""The worker is killed with SIGKILL while a step changes a cluster or a deployment, and another one continues."""

import asyncio
import signal
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest
from sqlalchemy import text

from app.program.processes import run_observer, running
from reconcilers.worker import run_worker
from simulator import Member
from tests.automation.test_runs import ended, started
from tests.forks import forked
from tests.live.processes import environment
from tests.reconcilers.crashing_worker import run
from tests.stack import Stack
from tests.steps.test_deployments import GENERATIONS
from tests.steps.test_jobs import RUN, has_none, jobs
from tests.steps.test_objects import by_path, member_of, named

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]
APPLY = """
name: apply
steps:
  - name: apply
    type: apply-object
    inputs:
      cluster: paris
      object: {apiVersion: v1, kind: ConfigMap, metadata: {namespace: default, name: settings}, data: {color: blue}}
"""


async def killed_at(stack: Stack, step: str, **settings: object) -> None:
    """Runs a worker, with these settings, until it kills itself at this step, and lets its leases end."""
    worker = forked(run, step, environment=environment(stack, **settings))
    async with asyncio.timeout(180):
        assert await worker.wait() == -signal.SIGKILL
    async with stack.services.transaction() as transaction:
        await transaction.session.execute(text("UPDATE job SET taken_until = now() - interval '1 s'"))
        past = "UPDATE workflow_executor SET alive_until = now() - interval '1 s'"
        await transaction.session.execute(text(past))


@pytest.mark.parametrize(("step", "versions"), [("about to apply", 0), ("applied", 1)])
async def test_an_object_is_applied_once_although_the_worker_is_killed(
    new_stack: NewStack, simulated: Callable[[str], Member], step: str, versions: int
) -> None:
    async with new_stack(working=False) as stack:
        member = await member_of(stack, simulated)
        number = await started(stack, APPLY, "apply")
        await killed_at(stack, step)
        before = named(member, "configmaps", "settings")
        assert (before is not None) == bool(versions)
        async with running(run_worker(stack.services)):
            found = await ended(stack, number)
        assert found["state"] == "SUCCEEDED", found
        assert by_path(found, "executions") == {"apply": 2}
        after = named(member, "configmaps", "settings")
        assert after["data"] == {"color": "blue"}
        assert before in (None, after)
        assert member.operations.writes == 1


@pytest.mark.parametrize("step", ["deployment about to be changed", "deployment changed"])
async def test_a_deployment_is_changed_once_although_the_worker_is_killed(
    new_stack: NewStack, simulated: Callable[[str], Member], step: str
) -> None:
    async with new_stack(working=False) as stack:
        await stack.fleet({"paris": simulated("paris").kubeconfig})
        answer = await stack.create(releaseName="web")
        deployment = answer["deployment"]["id"]
        text = "name: release\nsteps:\n  - {name: a, type: deploy, inputs: {deployment: web, values: {replicas: 2}}}\n"
        number = await started(stack, text, "release")
        await killed_at(stack, step)
        async with running(run_worker(stack.services)), running(run_observer(stack.services)):
            found = await ended(stack, number)
        assert found["state"] == "SUCCEEDED", found
        assert by_path(found, "executions") == {"a": 2}
        assert by_path(found, "outputs")["a"]["generation"] == 2
        node = (await stack.data(GENERATIONS, id=deployment))["node"]
        assert node == {"generation": 2, "operations": {"nodes": [{"kind": "UPDATE"}, {"kind": "CREATE"}]}}


@pytest.mark.parametrize("step", ["about to create the Job of a step", "Job of a step created", "Job of a step ended"])
async def test_a_job_runs_once_although_the_worker_is_killed(
    new_stack: NewStack, simulated: Callable[[str], Member], step: str
) -> None:
    async with new_stack(working=False) as stack:
        member = await member_of(stack, simulated)
        number = await started(stack, RUN, "migrate")
        await killed_at(stack, step)
        before = [job["metadata"]["uid"] for job in jobs(member)]
        assert len(before) == (0 if step.startswith("about") else 1)
        async with running(run_worker(stack.services)):
            found = await ended(stack, number)
            assert found["state"] == "SUCCEEDED", found
            assert by_path(found, "executions") == {"migrate": 2}
            assert [line["message"] for line in found["logs"]["nodes"]] == [
                f"Job default/{by_path(found, 'outputs')['migrate']['name']} runs on paris."
            ]
            await has_none(member)
        assert member.requests["create jobs.batch"] == 1
