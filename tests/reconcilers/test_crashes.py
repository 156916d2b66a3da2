"""The worker is killed with SIGKILL at each step of a reconcile; another one brings everything to its end, with one
Helm revision for each change."""

import asyncio
import base64
import signal
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import col

from app.core.errors import PermanentError
from app.core.leases import LeaseLostError
from app.operations import due, endings, work
from app.program.processes import running
from app.releases.error_codes import ActionCode
from app.releases.step import ReleaseAction
from app.tables.columns import now
from app.tables.targets import Target
from app.targets.sightings import Sighting
from reconcilers.worker import run_worker
from simulator import Member
from tests.forks import Fork, forked, polyhelm
from tests.live.processes import environment
from tests.reconcilers.crashing_worker import STEPS, run
from tests.sample_charts import archive, chart_files
from tests.stack import Stack, eventually

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]


async def crash(stack: Stack, step: str) -> None:
    """Runs a worker that kills itself at this step, until it has."""
    worker = forked(run, step, environment=environment(stack))
    async with asyncio.timeout(180):
        assert await worker.wait() == -signal.SIGKILL
    await let_leases_end(stack)


async def let_leases_end(stack: Stack) -> None:
    """As if the time had passed for which a dead worker keeps its targets."""
    past = now() - timedelta(seconds=1)
    async with stack.services.transaction() as transaction:
        held = update(Target).where(col(Target.lease_expires_at).is_not(None))
        await transaction.session.execute(held.values(lease_expires_at=past))


def revisions(member: Member, name: str) -> list[tuple[int, str]]:
    """Helm's revisions of a release on a member, with their states."""
    labels = [secret["metadata"]["labels"] for secret in member.objects("secrets")]
    return sorted((int(found["version"]), found["status"]) for found in labels if found.get("name") == name)


async def finished(stack: Stack, answer: Any) -> Any:
    """The operation's end, brought about by a worker that is not killed."""
    async with running(run_worker(stack.services)):
        return await stack.settled(answer)


@pytest.mark.parametrize("step", list(STEPS))
async def test_a_worker_killed_at_any_step_leaves_one_revision_for_each_change(
    new_stack: NewStack, simulated: Callable[[str], Member], step: str
) -> None:
    paris = simulated("paris")
    async with new_stack(working=False) as stack:
        await stack.fleet({"paris": paris.kubeconfig})

        answer = await stack.create(releaseName="shop")
        await crash(stack, step)
        assert (await finished(stack, answer))["state"] == "SUCCEEDED"
        assert revisions(paris, "shop") == [(1, "deployed")]

        answer = await stack.update(answer["deployment"]["id"], values={"replicas": 2})
        await crash(stack, step)
        assert (await finished(stack, answer))["state"] == "SUCCEEDED"
        assert revisions(paris, "shop") == [(1, "superseded"), (2, "deployed")]

        answer = await stack.delete(answer["deployment"]["id"])
        await crash(stack, step)
        assert (await finished(stack, answer))["state"] == "SUCCEEDED"
        assert revisions(paris, "shop") == []


async def installing(stack: Stack, paris: Member) -> tuple[Any, Fork]:
    """The answer to a create, and a worker whose Helm has installed the release and waits for it to become ready."""
    await stack.fleet({"paris": paris.kubeconfig})
    await stack.upload(_with_a_deployment())
    paris.faults.stuck = True
    answer = await stack.create(releaseName="shop", chart="charts/waiting", wait=True, timeoutSeconds=60)
    worker = polyhelm("worker", environment=environment(stack))

    async def pending() -> bool:
        return revisions(paris, "shop") == [(1, "pending-install")]

    await eventually(pending)
    return answer, worker


async def test_a_helm_ends_with_its_worker_and_the_next_one_does_its_work_as_soon_as_the_lease_is_over(
    new_stack: NewStack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    async with new_stack(working=False) as stack:
        answer, worker = await installing(stack, paris)
        (helm,) = _children(worker.pid)
        worker.kill()
        await worker.wait()

        async def ended() -> bool:
            return not _is_there(helm)

        await eventually(ended)
        await let_leases_end(stack)
        paris.faults.stuck = False
        assert revisions(paris, "shop") == [(1, "pending-install")]
        assert (await finished(stack, answer))["state"] == "SUCCEEDED"
        assert revisions(paris, "shop") == [(1, "failed"), (2, "deployed")]


async def test_an_install_that_was_begun_counts_as_a_try_where_its_worker_was_lost(
    new_stack: NewStack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    async with new_stack(working=False, helm_retries=0) as stack:
        answer, worker = await installing(stack, paris)
        worker.kill()
        await worker.wait()
        await let_leases_end(stack)
        paris.faults.stuck = False

        operation = await finished(stack, answer)
        (result,) = operation["results"]
        assert (operation["state"], result["error"]["code"]) == ("FAILED", "helm_killed")
        assert revisions(paris, "shop") == [(1, "failed")]
        again = await stack.reconcile(answer["deployment"]["id"])
        assert (await finished(stack, again))["state"] == "SUCCEEDED"


async def test_a_helm_whose_worker_was_stopped_past_its_lease_changes_nothing_afterwards(
    new_stack: NewStack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    async with new_stack(working=False) as stack:
        await stack.fleet({"paris": paris.kubeconfig})
        await stack.upload(_with_a_deployment())
        paris.faults.stuck = True
        answer = await stack.create(releaseName="shop", chart="charts/waiting", wait=True, timeoutSeconds=60)
        worker = polyhelm("worker", environment=environment(stack))
        try:

            async def pending() -> bool:
                return revisions(paris, "shop") == [(1, "pending-install")]

            await eventually(pending)
            (helm,) = _children(worker.pid)
            worker.send_signal(signal.SIGSTOP)
            await let_leases_end(stack)
            paris.faults.stuck = False
            assert (await finished(stack, answer))["state"] == "SUCCEEDED"
            update = await stack.update(answer["deployment"]["id"], values={"replicas": 2})
            assert (await finished(stack, update))["state"] == "SUCCEEDED"
            settled = revisions(paris, "shop")
            assert settled == [(1, "failed"), (2, "superseded"), (3, "deployed")]
            worker.send_signal(signal.SIGCONT)

            async def ended() -> bool:
                return not _is_there(helm)

            await eventually(ended)
            assert revisions(paris, "shop") == settled
        finally:
            worker.kill()
            await worker.wait()


def _children(pid: int) -> list[int]:
    return [int(child) for path in Path(f"/proc/{pid}/task").glob("*/children") for child in path.read_text().split()]


def _is_there(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


async def test_a_worker_that_lost_its_lease_can_not_write_over_its_successor(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    await quiet.fleet({"paris": simulated("paris").kubeconfig})
    await quiet.create(releaseName="shop")
    services = quiet.services
    target_id = (await due.due_targets(services, 1, limit=1))[0]
    first = await work.take(services, target_id, "first")
    assert first is not None
    assert await work.take(services, target_id, "second") is None
    async with services.transaction() as transaction:
        await transaction.session.execute(update(Target).values(lease_expires_at=now() - timedelta(seconds=1)))
    second = await work.take(services, target_id, "second")
    assert second is not None
    assert second.lease.token == first.lease.token + 1
    seen = Sighting((first.cluster.id, "shop", "shop"), 1, None)
    failure = PermanentError(ActionCode.HELM_FAILED, "It failed.")
    for write in (
        work.intend(services, first, ReleaseAction.INSTALL, seen, first.desired, counts=True),
        endings.succeed(services, first, ReleaseAction.NONE, seen),
        endings.fail(services, first, ReleaseAction.NONE, failure, None, writes=0, runs_hooks=True, failure=None),
        endings.retry(services, first, failure, now(), None, writes=0, runs_hooks=True),
        endings.abandon(services, first, failure, None),
    ):
        with pytest.raises(LeaseLostError):
            await write


def _with_a_deployment() -> str:
    files = chart_files("waiting")
    files["templates/web.yaml"] = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: nginx}]}
"""
    return base64.b64encode(archive(files, root="waiting")).decode()
