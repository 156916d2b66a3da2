"""What can happen to a rollout in progress, on simulated members with a worker and an observer."""

import base64
from typing import Any

import pytest_asyncio
from sqlalchemy import text

from simulator import Member
from tests.delivery.asking import (
    PAYLOAD,
    generations,
    holds,
    paris_first,
    records,
    rollout_of,
    states,
    until_phase,
    until_steps_are_done,
    until_verified,
    until_waiting,
    waves,
)
from tests.operations.charts import with_failing_hook
from tests.sample_charts import archive, chart_files
from tests.stack import Stack, eventually

_EXTRA = """{{ if .Values.extra }}
apiVersion: v1
kind: ConfigMap
metadata: {name: extra}
{{ end }}
"""
# The first and the third transaction that change targets of a rollout fail at their commit. No rollback resets the
# sequence that counts them.
_FAILING = (
    "CREATE SEQUENCE commits",
    """CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF current_setting('test.passed', true) IS DISTINCT FROM 'yes' THEN
        IF nextval('commits') IN (1, 3) THEN RAISE EXCEPTION 'This commit fails.'; END IF;
        PERFORM set_config('test.passed', 'yes', true);
    END IF;
    RETURN NULL;
    END $$""",
    """CREATE CONSTRAINT TRIGGER failing AFTER UPDATE ON rollout_target DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION fail()""",
)


def foreign(member: Member, *, adopted: bool = False) -> None:
    """Creates a ConfigMap that is in the way of the chart, or lets the release have it."""
    owner = {"meta.helm.sh/release-name": "shop", "meta.helm.sh/release-namespace": "default"}
    metadata = {"name": "extra", "namespace": "default", "labels": {}, "annotations": {}}
    if adopted:
        metadata |= {"labels": {"app.kubernetes.io/managed-by": "Helm"}, "annotations": owner}
    member.put("configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})


@pytest_asyncio.fixture(loop_scope="session")
async def shop(stack: Stack, fleet: dict[str, Member]) -> str:
    """A deployment whose value `extra` adds a ConfigMap."""
    files = chart_files(version="2.0.0") | {"templates/extra.yaml": _EXTRA}
    await stack.upload(base64.b64encode(archive(files)).decode())
    deployment_id = await stack.deployed(releaseName="shop")
    await until_verified(stack, deployment_id)
    return deployment_id


async def test_a_failed_target_stops_the_rollout_and_a_retry_continues_it(
    stack: Stack, fleet: dict[str, Member], shop: str
) -> None:
    foreign(fleet["paris"])
    answer = await stack.update(shop, values={"extra": True}, strategy=waves("paris", "berlin"))
    failed = await until_phase(stack, shop, "FAILED")
    assert (failed["ending"], states(failed)) == (
        "TOO_MANY_FAILURES",
        {"paris": "FAILED", "berlin": "BEHIND", "tokyo": "BEHIND"},
    )
    assert (await stack.settled(answer))["state"] == "FAILED"
    assert (await generations(stack, shop))["berlin"] == (1, 1)
    foreign(fleet["paris"], adopted=True)
    retried = await stack.mutate("retryTarget", PAYLOAD, rollout=failed["id"], cluster="paris")
    assert retried["rollout"]["phase"] == "RUNNING"
    done = await until_phase(stack, shop, "SUCCEEDED", "FAILED")
    assert (done["phase"], states(done)) == ("SUCCEEDED", dict.fromkeys(fleet, "READY"))
    assert await generations(stack, shop) == dict.fromkeys(fleet, (2, 2))


async def test_a_rollout_that_fails_for_a_chosen_reason_is_rolled_back_without_a_user(
    stack: Stack, fleet: dict[str, Member], shop: str
) -> None:
    foreign(fleet["berlin"])
    strategy = waves("paris", "berlin", rollBackOn=["TOO_MANY_FAILURES"])
    answer = await stack.update(shop, values={"extra": True}, strategy=strategy)
    assert (await stack.settled(answer))["state"] == "FAILED"
    back = await until_phase(stack, shop, "SUCCEEDED")
    assert back["rollbackOf"] is not None
    assert [each["name"] for each in back["waves"]] == ["berlin", "paris"]
    assert await generations(stack, shop) == dict.fromkeys(fleet, (1, 1))
    assert [each["generation"] for each in await holds(stack, shop)] == [2]
    values = {name: target["values"] for name, target in (await stack.targets(shop)).items()}
    assert values == {name: {} for name in fleet}


async def test_the_cancellation_of_its_operation_aborts_a_rollout(stack: Stack, fleet: dict[str, Member]) -> None:
    shop = await stack.deployed(releaseName="shop")
    answer = await stack.update(shop, values={"replicas": 2}, strategy=paris_first())
    await until_waiting(stack, shop, "ApprovalGate")
    fields = "... on OperationPayload { operation { id } }"
    cancelled = await stack.mutate("cancelOperation", fields, id=answer["operation"]["id"])
    assert "operation" in cancelled, cancelled
    assert (await stack.settled(answer))["state"] == "CANCELLED"
    assert (await until_phase(stack, shop, "ABORTED"))["waitingFor"] == []
    await until_steps_are_done(stack)
    assert await generations(stack, shop) == {"paris": (2, 2), "berlin": (1, 1), "tokyo": (1, 1)}


async def test_a_deployment_is_deleted_before_a_rollout_has_installed_it_everywhere(
    stack: Stack, fleet: dict[str, Member]
) -> None:
    created = await stack.create(releaseName="shop", strategy=paris_first())
    shop = created["deployment"]["id"]
    await until_waiting(stack, shop, "ApprovalGate")
    assert {name: records(member) for name, member in fleet.items()} == {"paris": 1, "berlin": 0, "tokyo": 0}
    deleted = await stack.settled(await stack.delete(shop))
    assert deleted["state"] == "SUCCEEDED", deleted
    assert (await stack.settled(created))["state"] == "SUPERSEDED"
    assert await stack.targets(shop) == {}
    assert {name: records(member) for name, member in fleet.items()} == dict.fromkeys(fleet, 0)


async def test_steps_that_end_before_their_commit_are_repeated_and_move_each_target_once(
    stack: Stack, fleet: dict[str, Member]
) -> None:
    shop = await stack.deployed(releaseName="shop")
    async with stack.services.transaction() as transaction:
        for statement in _FAILING:
            await transaction.session.execute(text(statement))
    answer = await stack.update(shop, values={"replicas": 2}, strategy=waves("paris", "berlin"))
    assert (await stack.settled(answer))["state"] == "SUCCEEDED"
    done = await rollout_of(stack, shop)
    assert states(done) == dict.fromkeys(fleet, "READY")
    assert {name: records(member) for name, member in fleet.items()} == dict.fromkeys(fleet, 2)


async def test_a_remedied_target_has_failed_in_its_rollout_and_a_retry_moves_it_again(
    stack: Stack, fleet: dict[str, Member]
) -> None:
    await stack.upload(with_failing_hook())
    shop = await stack.deployed(releaseName="shop", chart="charts/failing", remediation={"remedy": "ROLLBACK"})
    await until_verified(stack, shop)
    await stack.update(shop, values={"phase": "Failed"}, strategy=waves("paris", "berlin"))

    async def returned(revisions: int) -> Any:
        failed = await until_phase(stack, shop, "FAILED")

        async def is_back() -> bool:
            found = (await generations(stack, shop))["paris"]
            return found == (1, 1) and records(fleet["paris"]) == revisions

        await eventually(is_back)
        await stack.until_status(shop, "paris", "DEPLOYED")
        await until_steps_are_done(stack)
        assert states(await rollout_of(stack, shop)) == {"paris": "FAILED", "berlin": "BEHIND", "tokyo": "BEHIND"}
        return failed

    failed = await returned(3)
    retried = await stack.mutate("retryTarget", PAYLOAD, rollout=failed["id"], cluster="paris")
    assert "rollout" in retried, retried
    await returned(5)
    assert (await generations(stack, shop))["berlin"] == (1, 1)
