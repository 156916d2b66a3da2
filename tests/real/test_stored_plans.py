"""Stored plans on real control planes: applied as they were shown, and refused with the name of what changed."""

from collections.abc import Mapping
from typing import Any

import pytest

from app.program.processes import run_observer, running
from app.releases.references import HIDDEN
from reconcilers.worker import run_worker
from tests.kubernetes.member import Member
from tests.plans.planned import applied, changes, made
from tests.real.conftest import NewFleet
from tests.real.fleet import Fleet, outcomes
from tests.real.test_live_drift import edit
from tests.resources.charts import chart

pytestmark = pytest.mark.xdist_group("kubernetes")


async def test_a_plan_is_applied_exactly_and_refused_after_changes_by_hand_of_values_and_of_members(
    fleet: Fleet,
) -> None:
    stack, paris = fleet.stack, fleet.hands["paris"]
    place = {"group": "fleet", "chart": "charts/web", "namespace": fleet.namespace, "releaseName": fleet.release}
    plan = await made(stack, create=place | {"values": {"name": "shop"}})
    assert plan["counts"] == [{"action": "INSTALL", "count": 3}]
    manifests = {target["clusterName"]: target["manifest"] for target in plan["targets"]["nodes"]}
    answer = await applied(stack, plan)
    deployment_id = answer["deployment"]["id"]
    assert outcomes(await stack.settled(answer)) == dict.fromkeys(fleet.hands, ("INSTALL", "SUCCEEDED"))
    for name, hand in fleet.hands.items():
        assert await hand.values(fleet.release) == {"name": "shop"}
        assert (await hand("get", "manifest", fleet.release)).strip() in manifests[name].strip()

    async def planned(values: dict[str, Any]) -> Any:
        return await made(stack, update={"id": deployment_id, "values": values})

    # Someone runs `helm upgrade` on one of the clusters. The plan is refused at once, whatever the observer has seen.
    plan = await planned({"name": "new"})
    assert {target["revision"] for target in plan["targets"]["nodes"]} == {1}
    await paris("upgrade", fleet.release, paris.chart(), "--set", "name=mine")
    by_hand = "The release on paris is at revision 2; the plan was made against 1."
    assert changes(await applied(stack, plan)) == [("RELEASE", "paris", by_hand)]
    assert await paris.values(fleet.release) == {"name": "mine"}

    # A new plan shows the values of the hand as those that are installed.
    plan = await planned({"name": "new"})
    diffs = {target["clusterName"]: target["valuesDiff"] for target in plan["targets"]["nodes"]}
    assert "-name: mine\n+name: new" in diffs["paris"]
    assert "-name: shop\n+name: new" in diffs["berlin"]
    answer = await applied(stack, plan)
    assert outcomes(await stack.settled(answer)) == dict.fromkeys(fleet.hands, ("UPGRADE", "SUCCEEDED"))
    assert await paris.values(fleet.release) == {"name": "new"}
    assert [revision[0] for revision in await paris.history(fleet.release)] == [1, 2, 3]

    # A value changes, and then a member leaves.
    plan = await planned({"name": "newer"})
    await stack.settled(await stack.update(deployment_id, values={"name": "other"}))
    found = changes(await applied(stack, plan))
    assert found == [("GENERATION", None, "The deployment is at generation 3; the plan was made at 2.")]
    plan = await planned({"name": "newer"})
    staying = [name for name in fleet.hands if name != "tokyo"]
    left = await stack.mutate("updateClusterGroup", "__typename", id=fleet.group_id, members=staying)
    assert left["__typename"] == "ClusterGroupPayload", left
    found = changes(await applied(stack, plan))
    assert found == [("GENERATION", None, "The deployment is at generation 4; the plan was made at 3.")]
    assert await paris.values(fleet.release) == {"name": "other"}


async def test_a_change_by_hand_between_the_apply_and_the_helm_run_is_not_overwritten(
    new_fleet: NewFleet, members: Mapping[str, Member]
) -> None:
    async with new_fleet(members["paris"], working=False) as fleet:
        stack, paris, services = fleet.stack, fleet.hands["paris"], fleet.stack.services
        async with running(run_worker(services), run_observer(services)):
            deployment_id = await fleet.deployed(values={"name": "shop"})
        plan = await made(stack, update={"id": deployment_id, "values": {"name": "new"}})
        answer = await applied(stack, plan)
        await paris("upgrade", fleet.release, paris.chart(), "--set", "name=mine")
        async with running(run_worker(services), run_observer(services)):
            (result,) = (await stack.settled(answer))["results"]
            assert (result["state"], result["error"]["code"]) == ("FAILED", "release_not_as_planned")
            assert await paris.values(fleet.release) == {"name": "mine"}
            # A reconcile without a plan brings it to the desired state.
            assert outcomes(await fleet.reconciled(deployment_id)) == {"paris": ("UPGRADE", "SUCCEEDED")}
        assert await paris.values(fleet.release) == {"name": "new"}


OLD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}-old}\n"


def object_changes(plan: Any) -> dict[str, tuple[str, list[tuple[str, Any, Any, str | None]]]]:
    """What a plan for one cluster does with live objects: the action and the fields of each."""
    [target] = plan["targets"]["nodes"]
    assert target["error"] is None, target
    found = {}
    for each in target["objectChanges"]["nodes"]:
        fields = [(one["path"], one["live"], one["wanted"], one["changedBy"]) for one in each["differences"]]
        found[f"{each['kind']} {each['name']}"] = each["action"], fields
    return found


async def test_a_plan_shows_what_it_changes_in_live_objects_and_is_refused_once_one_has_changed(paris: Fleet) -> None:
    stack, hand, release = paris.stack, paris.hands["paris"], paris.release
    kinds = ("deployment", "config-map", "secret")
    await stack.upload(chart(*kinds, version="2.0.0", old=OLD))
    await stack.upload(chart(*kinds, version="2.1.0"))
    deployment_id = await paris.deployed(version="2.0.0")
    await edit(hand, f"configmaps/{release}", {"data": {"tag": "9"}})
    path = f"apis/apps/v1/deployments/{release}"
    await edit(hand, path, {"spec": {"replicas": 3}})

    update = {"id": deployment_id, "version": "2.1.0", "values": {"tag": "2.0"}}
    plan = await made(stack, update=update)
    image = "/spec/template/spec/containers/0/image"
    expected = {
        f"ConfigMap {release}": ("CHANGE", [("/data/tag", "9", "2.0", "kubectl-edit")]),
        f"ConfigMap {release}-old": ("DELETE", []),
        f"Deployment {release}": (
            "CHANGE",
            [
                ("/spec/replicas", 3, 1, "kubectl-edit"),
                (image, "registry.test/web:1.0", "registry.test/web:2.0", "helm"),
            ],
        ),
    }
    assert object_changes(plan) == expected
    assert "canary" not in str(plan)

    # A change of the status alone is none of the object, and the same plan has the same digest.
    status, told = await hand.client.patch(f"{hand._path(path)}/status", {"status": {"replicas": 3}})
    assert status == 200, told
    assert (await made(stack, update=update))["digest"] == plan["digest"]
    await edit(hand, f"secrets/{release}", {"stringData": {"password": "another-canary"}})
    status, told = await hand.client.delete(hand._path(f"configmaps/{release}-old"))
    assert status == 200, told
    place = f"{paris.namespace}/{release}"
    assert changes(await applied(stack, plan)) == [
        ("OBJECT", "paris", f"The Secret {place} on paris was changed."),
        ("OBJECT", "paris", f"The ConfigMap {place}-old on paris was deleted."),
    ]
    assert [revision[0] for revision in await hand.history(release)] == [1]

    plan = await made(stack, update=update)
    del expected[f"ConfigMap {release}-old"]
    hidden = ("/data/password", HIDDEN, HIDDEN, "kubectl-edit")
    assert object_changes(plan) == expected | {f"Secret {release}": ("CHANGE", [hidden])}
    operation = await stack.settled(await applied(stack, plan))
    assert outcomes(operation) == {"paris": ("UPGRADE", "SUCCEEDED")}
    assert (await hand.find(f"configmaps/{release}"))["data"] == {"tag": "2.0"}
    assert (await hand.find(path))["spec"]["replicas"] == 1
    assert "canary" not in str(await made(stack, update={**update, "values": {"tag": "3.0"}}))


async def test_plans_of_a_rollback_a_reconcile_and_a_delete_are_bound_to_what_they_have_shown(paris: Fleet) -> None:
    stack, hand, release = paris.stack, paris.hands["paris"], paris.release
    deployment_id = await paris.deployed(values={"name": "shop"})
    await paris.updated(deployment_id, values={"name": "new"})
    revision = 2

    async def by_hand() -> None:
        nonlocal revision
        await hand("upgrade", release, hand.chart(), "--set", f"name=mine-{revision}")
        revision += 1

    async def bound(action: str, **given: Any) -> Any:
        """Plans, is refused after a change by hand, plans again and applies that; the operation once it has ended."""
        plan = await made(stack, **given)
        assert plan["counts"] == [{"action": action, "count": 1}]
        await by_hand()
        found = f"The release on paris is at revision {revision}; the plan was made against {revision - 1}."
        assert ("RELEASE", "paris", found) in changes(await applied(stack, plan))
        assert await hand.values(release) == {"name": f"mine-{revision - 1}"}
        operation = await stack.settled(await applied(stack, await made(stack, **given)))
        assert outcomes(operation) == {"paris": (action, "SUCCEEDED")}
        return operation

    operation = await bound("UPGRADE", rollBack={"id": deployment_id, "generation": 1})
    assert operation["kind"] == "ROLLBACK"
    assert await hand.values(release) == {"name": "shop"}
    revision += 1
    await by_hand()
    operation = await bound("UPGRADE", reconcile={"id": deployment_id})
    assert operation["kind"] == "RECONCILE"
    assert await hand.values(release) == {"name": "shop"}
    revision += 1

    # A value changes after the deletion was planned.
    plan = await made(stack, delete={"id": deployment_id})
    await paris.updated(deployment_id, values={"name": "kept"})
    revision += 1
    found = "The deployment is at generation 4; the plan was made at 3."
    assert changes(await applied(stack, plan)) == [("GENERATION", None, found)]
    assert await hand.values(release) == {"name": "kept"}
    operation = await bound("UNINSTALL", delete={"id": deployment_id})
    assert operation["kind"] == "DELETE"
    assert await hand.listed() == {}


async def test_values_of_secrets_are_hidden_on_both_sides_of_a_live_difference(paris: Fleet) -> None:
    stack = paris.stack
    await stack.mutate("createSecret", "__typename", name="db", data={"password": "canary-in-the-coal-mine"})
    reference = {"secret": "db", "key": "password", "path": "password"}
    deployment_id = await paris.deployed(values={"a": 1}, valuesFrom=[reference])
    plan = await made(stack, update={"id": deployment_id, "values": {"a": 2}})
    before, after = (f'{{"a":{number},"password":"{HIDDEN}","replicas":1}}' for number in (1, 2))
    assert object_changes(plan) == {
        f"ConfigMap {paris.release}": ("CHANGE", [("/data/values", before, after, "helm")]),
    }
    assert "canary" not in str(plan)
    answer = await applied(stack, plan)
    assert outcomes(await stack.settled(answer)) == {"paris": ("UPGRADE", "SUCCEEDED")}
