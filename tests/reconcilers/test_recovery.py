"""What a Helm run of ours has left unfinished is brought to its end, by itself and within bounds."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import text, update
from sqlmodel import select

from app.deployments.drift import correct_drift
from app.tables.targets import Target
from simulator import Member
from tests.faults import Cut, Proxy, Request, by_helm, conflict, status, timed_out, writes_record
from tests.live import hands
from tests.reconcilers.test_crashes import revisions
from tests.stack import Stack, eventually

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]


@pytest.fixture
def paris(simulated: Callable[[str], Member]) -> Member:
    return simulated("paris")


@pytest_asyncio.fixture(loop_scope="session")
async def proxy(paris: Member) -> AsyncIterator[Proxy]:
    async with Proxy(paris.kubeconfig) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def through(stack: Stack, proxy: Proxy) -> Stack:
    """A Polyhelm with paris as its only member, reached through the proxy."""
    await stack.fleet({"paris": proxy.kubeconfig})
    return stack


def ends_record(request: Request) -> bool:
    return request.method == "PUT" and writes_record(request)


async def only_result(stack: Stack, answer: Any) -> Any:
    (result,) = (await stack.settled(answer))["results"]
    return result


@pytest.mark.parametrize("failure", [status(503), status(500), conflict()], ids=["503", "500", "409"])
async def test_an_install_whose_end_was_not_recorded_is_brought_to_its_end(
    through: Stack, proxy: Proxy, paris: Member, failure: Any
) -> None:
    """Helm ends without an error then, and the record says pending-install."""
    rule = proxy.fault(failure, where=ends_record, times=1)
    result = await only_result(through, await through.create(releaseName="shop"))
    assert (result["action"], result["state"], result["error"]) == ("INSTALL", "SUCCEEDED", None)
    assert len(rule.hits) == 1
    assert revisions(paris, "shop") == [(1, "failed"), (2, "deployed")]


async def test_an_upgrade_whose_end_was_not_recorded_is_brought_to_its_end(
    through: Stack, proxy: Proxy, paris: Member
) -> None:
    deployment_id = await through.deployed(releaseName="shop")
    # First the old revision is written down as superseded, then the new one as deployed.
    proxy.fault(status(503), where=lambda request: ends_record(request) and request.path.endswith(".v2"), times=1)
    result = await only_result(through, await through.update(deployment_id, values={"replicas": 2}))
    assert (result["action"], result["state"]) == ("UPGRADE", "SUCCEEDED")
    assert revisions(paris, "shop") == [(1, "superseded"), (2, "superseded"), (3, "deployed")]


async def test_a_record_that_is_never_written_makes_three_revisions_and_then_a_failure_that_says_so(
    through: Stack, proxy: Proxy, paris: Member
) -> None:
    proxy.fault(status(503), where=ends_record)
    answer = await through.create(releaseName="shop")
    result = await only_result(through, answer)
    assert (result["action"], result["state"]) == ("INSTALL", "FAILED")
    assert result["error"]["code"] == "cluster_unreachable"
    assert "3 attempts were made." in result["error"]["message"]
    assert "RECONCILE" in result["error"]["nextSteps"]
    assert revisions(paris, "shop") == [(1, "failed"), (2, "failed"), (3, "failed")]

    proxy.heal()
    result = await only_result(through, await through.reconcile(answer["deployment"]["id"]))
    assert (result["action"], result["state"]) == ("INSTALL", "SUCCEEDED")


async def test_somebody_elses_upgrade_long_after_our_interrupted_run_is_not_touched_by_corrections_either(
    stack: Stack, paris: Member
) -> None:
    """The worker died, its Helm ended well, and nobody looked until somebody's `helm upgrade --wait` began."""
    await stack.fleet({"paris": paris.kubeconfig})
    deployment_id = await stack.deployed(releaseName="shop", values={"a": 1}, driftPolicy="CORRECT")
    async with stack.services.transaction() as transaction:
        statement = "UPDATE target SET intent = jsonb_build_object('action', 'INSTALL', 'revision', 1)"
        await transaction.session.execute(text(statement))
    hands.upgrade(paris, "shop", {"a": 2}, status="pending-upgrade")
    await stack.until_status(deployment_id, "paris", "STALE")
    await correct_drift(stack.services)

    async def locked() -> Any:
        error = (await stack.targets(deployment_id))["paris"]["error"]
        return error and error["code"] == "release_locked"

    await eventually(locked)
    assert revisions(paris, "shop")[-1] == (2, "pending-upgrade")


async def test_a_success_ends_the_intent_of_a_worker_that_was_killed(stack: Stack, paris: Member) -> None:
    await stack.fleet({"paris": paris.kubeconfig})
    deployment_id = await stack.deployed(releaseName="shop")
    async with stack.services.transaction() as transaction:
        intent = {"action": "INSTALL", "revision": 1}
        await transaction.session.execute(update(Target).values(intent=intent))
    await stack.settled(await stack.reconcile(deployment_id))
    rows = await stack.services.database.rows(text("SELECT intent FROM target"))
    assert [tuple(row) for row in rows] == [(None,)]


async def test_a_failed_install_without_a_record_does_not_claim_the_release_name(
    through: Stack, proxy: Proxy, paris: Member
) -> None:
    proxy.fault(status(403), method="POST", where=writes_record)
    answer = await through.create(releaseName="shop")
    assert (await only_result(through, answer))["state"] == "FAILED"
    rows = await through.services.database.rows(text("SELECT claimed FROM target"))
    assert [tuple(row) for row in rows] == [(False,)]


@pytest.mark.parametrize("failure", [Cut(acted=True), timed_out()], ids=["cut", "timed out"])
async def test_a_release_whose_making_was_not_answered_is_known_as_ours(
    through: Stack, proxy: Proxy, paris: Member, failure: Any
) -> None:
    """The next try would get "cannot re-use a name that is still in use"."""
    rule = proxy.fault(failure, method="POST", where=writes_record, times=1)
    result = await only_result(through, await through.create(releaseName="shop"))
    assert (result["action"], result["state"]) == ("INSTALL", "SUCCEEDED")
    assert len(rule.hits) == 1
    rows = await through.services.database.rows(text("SELECT claimed, intent FROM target"))
    assert [tuple(row) for row in rows] == [(True, None)]
    assert revisions(paris, "shop")[-1][1] == "deployed"


async def test_a_conflict_on_the_record_of_an_upgrade_is_retried_with_a_new_step(
    through: Stack, proxy: Proxy, paris: Member
) -> None:
    deployment_id = await through.deployed(releaseName="shop")
    rule = proxy.fault(conflict(), method="POST", where=writes_record, times=1)
    result = await only_result(through, await through.update(deployment_id, values={"replicas": 2}))
    assert (result["action"], result["state"], len(rule.hits)) == ("UPGRADE", "SUCCEEDED", 1)
    assert revisions(paris, "shop") == [(1, "superseded"), (2, "deployed")]


async def test_an_unexpected_answer_to_a_read_of_the_release_is_retried(
    through: Stack, proxy: Proxy, paris: Member
) -> None:
    deployment_id = await through.deployed(releaseName="shop")

    def looks(request: Request) -> bool:
        return not by_helm(request) and request.path.endswith("/namespaces/default/secrets")

    rule = proxy.fault(conflict(), method="GET", where=looks, times=2)
    result = await only_result(through, await through.delete(deployment_id))
    assert (result["action"], result["state"], len(rule.hits)) == ("UNINSTALL", "SUCCEEDED", 2)
    assert revisions(paris, "shop") == []


async def test_an_outcome_that_can_not_be_written_down_does_not_have_helm_run_without_end(
    through: Stack, proxy: Proxy, paris: Member
) -> None:
    async with through.services.transaction() as transaction:
        for statement in (
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$"
            " BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = 'check_violation'; END $$",
            "CREATE TRIGGER refuse BEFORE UPDATE ON operation_result FOR EACH ROW WHEN (NEW.state = 'FAILED')"
            " EXECUTE FUNCTION refuse()",
        ):
            await transaction.session.execute(text(statement))
    proxy.fault(status(422), where=lambda request: request.method == "POST" and "configmaps" in request.path)
    answer = await through.create(releaseName="shop")

    async def tried_often() -> bool:
        rows = await through.services.database.rows(select(Target.attempts, Target.error))
        return any(attempts >= 6 and error["code"] == "internal" for attempts, error in rows)

    await eventually(tried_often)
    assert [number for number, _ in revisions(paris, "shop")] == [1, 2, 3]

    async with through.services.transaction() as transaction:
        await transaction.session.execute(text("DROP TRIGGER refuse ON operation_result"))
    result = await only_result(through, answer)
    assert (result["state"], "3 attempts were made." in result["error"]["message"]) == ("FAILED", True)
