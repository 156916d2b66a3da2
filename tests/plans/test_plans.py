"""Plans are stored as they were shown, and applied exactly so, once, or refused with what has changed."""

import asyncio
import base64
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app.plans.queries import remove_expired_plans
from app.tables.columns import now
from app.tables.identity import Role
from simulator import Member
from tests.identity.callers import token_of
from tests.plans.planned import applied, changes, create, made, said, shown
from tests.sample_charts import archive, chart_files, packaged
from tests.stack import Stack

NAMES = ("berlin", "paris")
CANARY = "a-password-that-nobody-may-see"


@pytest.fixture
def members(simulated: Callable[[str], Member]) -> dict[str, Member]:
    return {name: simulated(name) for name in NAMES}


async def fleet(stack: Stack, members: dict[str, Member]) -> str:
    return await stack.fleet({name: member.kubeconfig for name, member in members.items()})


async def counts(stack: Stack, *tables: str) -> list[int]:
    return [(await stack.services.database.rows(text(f"SELECT count(*) FROM {table}")))[0][0] for table in tables]


async def test_a_plan_shows_what_is_done_and_applying_it_does_that_once(
    stack: Stack, members: dict[str, Member]
) -> None:
    await fleet(stack, members)
    plan = await made(stack, **create(values={"replicas": 3}))
    assert await counts(stack, "deployment", "operation", "plan") == [0, 0, 1]
    assert (plan["state"], plan["kind"], plan["generation"], plan["changed"]) == ("OPEN", "CREATE", None, True)
    assert plan["counts"] == [{"action": "INSTALL", "count": 2}]
    assert (plan["blocker"], plan["failing"], plan["unreachable"]) == (None, 0, 0)
    for target in plan["targets"]["nodes"]:
        assert (target["action"], target["revision"], target["resourceVersion"]) == ("INSTALL", 0, "")
        assert target["valuesDiff"] == "--- installed\n+++ wanted\n@@ -0,0 +1 @@\n+replicas: 3"
        assert target["desiredValues"] == {"replicas": 3}
        assert target["manifest"]
        assert target["error"] is None
    answer = await applied(stack, plan)
    assert (answer["wasApplied"], answer["plan"]["state"]) == (False, "APPLIED")
    operation = await stack.settled(answer)
    assert {(each["action"], each["state"]) for each in operation["results"]} == {("INSTALL", "SUCCEEDED")}
    again = await applied(stack, plan)
    assert (again["wasApplied"], again["operation"]["id"]) == (True, answer["operation"]["id"])
    assert again["deployment"] == answer["deployment"]
    assert await counts(stack, "deployment", "operation") == [1, 1]

    deployment_id = answer["deployment"]["id"]
    options = {"timeoutSeconds": 60, "crdPolicy": "SKIP"}
    plan = await made(stack, update={"id": deployment_id, "values": {"replicas": 4}, **options})
    assert (plan["generation"], plan["deployment"]) == (1, {"id": deployment_id})
    (berlin, paris) = plan["targets"]["nodes"]
    assert (paris["action"], paris["revision"]) == ("UPGRADE", 1)
    assert "-replicas: 3\n+replicas: 4" in paris["valuesDiff"]
    assert berlin["manifestDiff"] == paris["manifestDiff"] != ""
    answer = await applied(stack, plan, digest=plan["digest"])
    assert answer["deployment"]["generation"] == 2
    assert (await stack.settled(answer))["state"] == "SUCCEEDED"
    found = await stack.targets(deployment_id)
    assert [found[name]["values"] for name in NAMES] == [{"replicas": 4}] * 2

    back = await made(stack, rollBack={"id": deployment_id, "generation": 1})
    assert back["kind"] == "ROLLBACK"
    assert {target["desiredValues"]["replicas"] for target in back["targets"]["nodes"]} == {3}
    assert (await stack.settled(await applied(stack, back)))["kind"] == "ROLLBACK"
    gone = await made(stack, delete={"id": deployment_id})
    assert gone["counts"] == [{"action": "UNINSTALL", "count": 2}]
    assert (await stack.settled(await applied(stack, gone)))["state"] == "SUCCEEDED"
    query = "query { plans { nodes { kind state } } }"
    assert (await stack.data(query))["plans"]["nodes"] == [
        {"kind": kind, "state": "APPLIED"} for kind in ("DELETE", "ROLLBACK", "UPDATE", "CREATE")
    ]


async def test_two_users_who_apply_a_plan_concurrently_apply_it_once(quiet: Stack, members: dict[str, Member]) -> None:
    await fleet(quiet, members)
    plan = await made(quiet, **create())
    answers = await asyncio.gather(*(applied(quiet, plan) for _ in range(4)))
    assert {answer["__typename"] for answer in answers} == {"ApplyPlanPayload"}
    assert sorted(answer["wasApplied"] for answer in answers) == [False, True, True, True]
    assert len({answer["operation"]["id"] for answer in answers}) == 1
    assert await counts(quiet, "deployment", "operation") == [1, 1]


async def test_a_plan_is_refused_after_a_change_of_what_is_desired_with_its_name(
    quiet: Stack, members: dict[str, Member], simulated: Callable[[str], Member]
) -> None:
    await fleet(quiet, members)
    await quiet.mutate("createSecret", "__typename", name="db", data={"password": CANARY})
    reference = {"secret": "db", "key": "password", "path": "password"}
    answer = await quiet.create(releaseName="shop", valuesFrom=[reference])
    deployment_id = answer["deployment"]["id"]

    async def planned() -> Any:
        found = await made(quiet, update={"id": deployment_id, "values": {"a": 1}})
        assert CANARY not in str(found)
        return found

    plan = await planned()
    await quiet.update(deployment_id, description="Only an option.")
    await quiet.update(deployment_id, timeoutSeconds=60)
    assert changes(await applied(quiet, plan)) == [
        ("OPTIONS", None, "Options of the deployment have changed: timeout_seconds.")
    ]

    plan = await planned()
    (secret,) = (await quiet.data("{ secrets { nodes { id } } }"))["secrets"]["nodes"]
    await quiet.mutate("updateSecret", "__typename", id=secret["id"], data={"password": "another"})
    assert changes(await applied(quiet, plan)) == [("SECRET", None, "The value db/password of a secret has changed.")]

    plan = await planned()
    await quiet.update(deployment_id, values={"a": 2})
    generation = "The deployment is at generation 2; the plan was made at 1."
    assert changes(await applied(quiet, plan)) == [("GENERATION", None, generation)]
    assert (await shown(quiet, plan))["state"] == "OPEN"
    assert await counts(quiet, "deployment_revision") == [2]


async def test_a_plan_of_a_selector_is_refused_once_it_matches_other_clusters(
    quiet: Stack, members: dict[str, Member], simulated: Callable[[str], Member]
) -> None:
    group_id = await fleet(quiet, members)
    plan = await made(quiet, **create(targetSelector={}))
    await quiet.register("rome", simulated("rome").kubeconfig)
    update = "updateClusterGroup"
    await quiet.mutate(update, "__typename", id=group_id, members=[*NAMES, "rome"])
    assert changes(await applied(quiet, plan)) == [("TARGET_ADDED", "rome", "rome has become a target.")]
    await quiet.mutate(update, "__typename", id=group_id, members=["paris"], confirmRemoval=2)
    assert changes(await applied(quiet, plan)) == [("TARGET_REMOVED", "berlin", "berlin is no longer a target.")]


async def test_a_plan_is_refused_after_a_member_left_or_is_unreachable(
    quiet: Stack, members: dict[str, Member]
) -> None:
    group_id = await fleet(quiet, members)
    plan = await made(quiet, **create(targets=list(NAMES)))
    members["paris"].faults.down = True
    assert changes(await applied(quiet, plan)) == [("UNREACHABLE", "paris", "paris is unreachable.")]
    members["paris"].faults.down = False
    await quiet.mutate("updateClusterGroup", "__typename", id=group_id, members=["paris"])
    ((kind, _, message),) = changes(await applied(quiet, plan))
    assert (kind, message) == ("INPUT", "'berlin' is not a member of the group. Members: paris.")
    assert await counts(quiet, "deployment") == [0]


async def test_a_plan_with_an_unreachable_cluster_can_be_applied_as_long_as_it_is_unreachable(
    quiet: Stack, members: dict[str, Member]
) -> None:
    await fleet(quiet, members)
    deployment_id = (await quiet.create(releaseName="shop"))["deployment"]["id"]
    members["paris"].faults.down = True
    plan = await made(quiet, update={"id": deployment_id, "values": {"a": 1}})
    assert (plan["unreachable"], plan["failing"], plan["blocker"]) == (1, 0, None)
    assert plan["targets"]["nodes"][1]["revision"] is None
    members["paris"].faults.down = False
    back = "paris is reachable; it was not when the plan was made."
    assert changes(await applied(quiet, plan)) == [("REACHABLE", "paris", back)]
    members["paris"].faults.down = True
    assert (await applied(quiet, plan))["deployment"]["generation"] == 2


async def test_a_plan_of_a_deleted_deployment_is_refused(quiet: Stack, members: dict[str, Member]) -> None:
    await fleet(quiet, members)
    deployment_id = (await quiet.create(releaseName="shop", targets=[]))["deployment"]["id"]
    plan = await made(quiet, update={"id": deployment_id, "values": {"a": 1}})
    await quiet.delete(deployment_id)
    assert await counts(quiet, "deployment") == [0]
    assert changes(await applied(quiet, plan)) == [("GENERATION", None, "The deployment was deleted.")]


async def test_a_plan_applies_the_archive_that_it_has_shown_whatever_is_published_later(
    quiet: Stack, members: dict[str, Member]
) -> None:
    await fleet(quiet, members)
    plan = await made(quiet, **create())
    await quiet.upload(packaged(version="9.0.0"))
    answer = await applied(quiet, plan)
    query = "query ($id: ID!) { node(id: $id) { ... on Deployment { chartVersion chartDigest } } }"
    found = (await quiet.data(query, id=answer["deployment"]["id"]))["node"]
    assert found["chartVersion"] == "1.0.0"
    rows = await quiet.services.database.rows(text("SELECT chart_digest FROM plan"))
    assert found["chartDigest"] == rows[0][0]


async def test_a_plan_with_errors_is_not_applied(quiet: Stack, members: dict[str, Member]) -> None:
    await fleet(quiet, members)
    broken = chart_files("broken") | {"templates/config.yaml": '{{ fail "never" }}'}
    await quiet.upload(base64.b64encode(archive(broken, root="broken")).decode())
    plan = await made(quiet, **create(chart="charts/broken"))
    assert {target["error"]["code"] for target in plan["targets"]["nodes"]} == {"chart_not_rendered"}
    assert plan["blocker"] == {
        "code": "plan_fails",
        "message": "The plan has errors on 2 targets: fix their causes and make a new plan.",
    }
    assert (await applied(quiet, plan))["code"] == "plan_fails"
    assert await counts(quiet, "deployment") == [0]


async def test_a_plan_expires_and_is_removed_a_month_later(quiet: Stack, members: dict[str, Member]) -> None:
    await fleet(quiet, members)
    soon = (now() + timedelta(hours=1)).isoformat()
    plan = await made(quiet, **create(), expiresAt=soon)
    async with quiet.services.transaction() as transaction:
        await transaction.session.execute(text("UPDATE plan SET expires_at = now() - interval '1 day'"))
    assert (await shown(quiet, plan))["state"] == "EXPIRED"
    assert (await applied(quiet, plan))["code"] == "plan_expired"
    viewer = await token_of(quiet, Role.DEPLOYER)
    assert (await said(quiet, "approvePlan", plan, viewer))["code"] == "plan_expired"
    await remove_expired_plans(quiet.services)
    assert await counts(quiet, "plan", "plan_target") == [1, 2]
    async with quiet.services.transaction() as transaction:
        await transaction.session.execute(text("UPDATE plan SET expires_at = now() - interval '31 days'"))
    await remove_expired_plans(quiet.services)
    assert await counts(quiet, "plan", "plan_target", "plan_text") == [0, 0, 0]
    assert (await applied(quiet, plan))["code"] == "plan_not_found"


async def test_approvals_of_others_are_needed_and_count_for_the_digest(
    quiet: Stack, members: dict[str, Member]
) -> None:
    await fleet(quiet, members)
    plan = await made(quiet, **create(), requiredApprovals=1, comment="Please look.")
    assert plan["blocker"] == {
        "code": "plan_unapproved",
        "message": "The plan needs 1 more approval by others than its author.",
    }
    assert (await applied(quiet, plan))["code"] == "plan_unapproved"
    assert (await said(quiet, "approvePlan", plan))["code"] == "plan_own"
    viewer, deployer = await token_of(quiet, Role.VIEWER), await token_of(quiet, Role.DEPLOYER)
    assert (await said(quiet, "approvePlan", plan, viewer))["code"] == "forbidden"
    assert (await said(quiet, "approvePlan", plan, deployer, digest="0"))["code"] == "plan_digest"
    found = await said(quiet, "rejectPlan", plan, deployer, comment="Not today.")
    assert found["blocker"]["code"] == "plan_rejected"
    assert (await applied(quiet, plan))["code"] == "plan_rejected"
    found = await said(quiet, "approvePlan", plan, deployer)
    assert (found["approvals"], found["blocker"]) == (1, None)
    found = await said(quiet, "commentOnPlan", plan, comment="Thanks.\nApplying it.")
    assert [(one["author"], one["text"], one["verdict"], one["counts"]) for one in found["comments"]] == [
        ("deployer-of-default", "Not today.", "REJECTED", False),
        ("deployer-of-default", None, "APPROVED", True),
        ("admin", "Thanks.\nApplying it.", None, False),
    ]
    # The approval ends with the role of the one who gave it.
    fields = "... on UserError { code }"
    await quiet.mutate("setRole", fields, user="deployer-of-default", role="VIEWER")
    assert (await applied(quiet, plan))["code"] == "plan_unapproved"
    await quiet.mutate("setRole", fields, user="deployer-of-default", role="DEPLOYER")
    assert (await applied(quiet, plan))["__typename"] == "ApplyPlanPayload"
    assert (await said(quiet, "rejectPlan", plan, deployer))["code"] == "plan_applied"


async def test_a_discarded_plan_cannot_be_applied(quiet: Stack, members: dict[str, Member]) -> None:
    await fleet(quiet, members)
    plan = await made(quiet, **create())
    assert (await said(quiet, "discardPlan", plan))["state"] == "DISCARDED"
    assert (await said(quiet, "discardPlan", plan))["state"] == "DISCARDED"
    assert (await applied(quiet, plan))["code"] == "plan_discarded"
    plan = await made(quiet, **create())
    await applied(quiet, plan)
    assert (await said(quiet, "discardPlan", plan))["code"] == "plan_applied"


async def test_the_request_of_a_plan_is_validated(quiet: Stack, members: dict[str, Member]) -> None:
    await fleet(quiet, members)
    past, late = "2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z"
    for given, code in (
        ({}, "plan_request"),
        (create() | {"delete": {"id": "x"}}, "plan_request"),
        (create() | {"requiredApprovals": 11}, "plan_approvals"),
        (create() | {"expiresAt": past}, "plan_lifetime"),
        (create() | {"expiresAt": late}, "plan_lifetime"),
        (create() | {"comment": "x" * 4001}, "invalid_input"),
        (create(chart="charts/none"), "chart_not_found"),
        ({"rollBack": {"id": "x", "generation": 1}}, "deployment_not_found"),
    ):
        assert (await made(quiet, **given))["code"] == code, given
    assert await counts(quiet, "plan") == [0]
