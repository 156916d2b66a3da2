"""Deployments on three real members: created, changed and deleted through the API, and looked at through Helm."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from app.program.processes import running
from reconcilers.worker import run_worker
from tests.kubernetes.member import Member
from tests.real.conftest import NewFleet
from tests.real.fleet import Fleet, outcomes
from tests.sample_charts import packaged

pytestmark = pytest.mark.xdist_group("kubernetes")

INSTALLED, UPGRADED, UNINSTALLED = ("INSTALL", "SUCCEEDED"), ("UPGRADE", "SUCCEEDED"), ("UNINSTALL", "SUCCEEDED")
LEFT_ALONE = ("NONE", "SUCCEEDED")


@pytest.mark.foretold
async def test_a_chart_is_installed_on_every_member_with_the_override_for_each(fleet: Fleet) -> None:
    common = {"replicas": 2, "name": "shop", "limits": {"cpu": 1, "memory": "64Mi"}, "hosts": ["a", "b"]}
    answer = await fleet.create(
        values=common,
        valueOverrides=[
            {"cluster": "paris", "values": {"limits": {"cpu": 4}, "hosts": ["c"]}},
            {"cluster": "tokyo", "values": {"replicas": None, "name": "mise"}},
        ],
    )
    assert answer["deployment"]["generation"] == 1
    assert outcomes(await fleet.stack.settled(answer)) == dict.fromkeys(("paris", "berlin", "tokyo"), INSTALLED)

    expected = {
        "paris": common | {"limits": {"cpu": 4, "memory": "64Mi"}, "hosts": ["c"]},
        "berlin": common,
        "tokyo": common | {"replicas": None, "name": "mise"},
    }
    targets = await fleet.stack.targets(answer["deployment"]["id"])
    for name, target in targets.items():
        found = {field: target[field] for field in ("status", "stale", "reasons", "helmStatus", "version", "error")}
        assert found == {
            "status": "DEPLOYED",
            "stale": False,
            "reasons": [],
            "helmStatus": "DEPLOYED",
            "version": "1.0.0",
            "error": None,
        }
        assert (target["revision"], target["generation"]) == (1, 1)
        assert target["values"] == target["desiredValues"] == expected[name]
        hand = fleet.hands[name]
        assert await hand.values(fleet.release) == expected[name]
        assert await hand.history(fleet.release) == [(1, "deployed", "Install complete")]
    assert await fleet.hands["paris"].config(fleet.release) == expected["paris"]
    assert await fleet.hands["tokyo"].config(fleet.release) == {
        key: value for key, value in expected["tokyo"].items() if value
    }


@pytest.mark.foretold
async def test_an_update_brings_a_new_version_and_merged_values_to_every_member(fleet: Fleet) -> None:
    deployment_id = await fleet.deployed(
        values={"replicas": 2, "name": "shop", "limits": {"cpu": 1, "memory": "64Mi"}},
        valueOverrides=[{"cluster": "paris", "values": {"name": "boutique", "colour": "blue"}}],
    )
    await fleet.stack.upload(packaged(version="1.1.0"))
    operation = await fleet.updated(
        deployment_id,
        version="1.1.0",
        reuseValues=True,
        values={"replicas": 5, "limits": {"cpu": None}},
        valueOverrides=[
            {"cluster": "paris", "values": {"colour": None}},
            {"cluster": "tokyo", "values": {"name": "mise"}},
        ],
    )
    assert (operation["kind"], operation["state"]) == ("UPDATE", "SUCCEEDED")
    assert outcomes(operation) == dict.fromkeys(("paris", "berlin", "tokyo"), UPGRADED)
    told = await fleet.targets(deployment_id, "status", "version", "revision", "generation")
    assert told == dict.fromkeys(("paris", "berlin", "tokyo"), ("DEPLOYED", "1.1.0", 2, 2))
    for name, called in {"paris": "boutique", "berlin": "shop", "tokyo": "mise"}.items():
        values = {"replicas": 5, "name": called, "limits": {"memory": "64Mi"}}
        assert await fleet.hands[name].values(fleet.release) == values
        assert await fleet.hands[name].config(fleet.release) == values
        assert await fleet.hands[name].history(fleet.release) == [
            (1, "superseded", "Install complete"),
            (2, "deployed", "Upgrade complete"),
        ]


@pytest.mark.foretold
async def test_values_that_are_not_reused_are_replaced_be_it_by_none_and_overrides_left_out_stay(fleet: Fleet) -> None:
    deployment_id = await fleet.deployed(
        values={"replicas": 2, "name": "shop"}, valueOverrides=[{"cluster": "paris", "values": {"name": "boutique"}}]
    )
    await fleet.updated(deployment_id, values={"colour": "red"})
    assert await fleet.targets(deployment_id, "values", "revision") == {
        "paris": ({"colour": "red", "name": "boutique"}, 2),
        "berlin": ({"colour": "red"}, 2),
        "tokyo": ({"colour": "red"}, 2),
    }
    await fleet.updated(deployment_id, values={}, valueOverrides=[])
    assert await fleet.targets(deployment_id, "status", "values", "revision") == dict.fromkeys(
        fleet.hands, ("DEPLOYED", {}, 3)
    )
    assert await fleet.hands["paris"].values(fleet.release) == {}
    assert await fleet.hands["paris"].config(fleet.release) == {"replicas": 1}


@pytest.mark.foretold
async def test_an_update_that_changes_nothing_makes_no_generation_and_no_helm_revision(fleet: Fleet) -> None:
    values = {"replicas": 2, "share": 1.5}
    deployment_id = await fleet.deployed(values=values)
    for nothing in (
        {"values": {"share": 1.5, "replicas": 2.0}},
        {"values": {"replicas": 2}, "reuseValues": True},
        {"version": "v1.0.0"},
        {"targets": ["tokyo", "paris", "berlin"]},
        {"atomic": False, "timeoutSeconds": 60},
    ):
        answer = await fleet.stack.update(deployment_id, **nothing)
        assert answer["__typename"] == "DeploymentPayload", answer
        assert (answer["deployment"]["generation"], answer["operation"]) == (1, None)
    assert set((await fleet.targets(deployment_id, "status", "revision")).values()) == {("DEPLOYED", 1)}
    assert await fleet.hands["paris"].history(fleet.release) == [(1, "deployed", "Install complete")]


@pytest.mark.foretold
async def test_only_targets_that_differ_get_a_helm_run(fleet: Fleet) -> None:
    deployment_id = await fleet.deployed(values={"name": "shop"})
    operation = await fleet.updated(
        deployment_id, valueOverrides=[{"cluster": "paris", "values": {"name": "boutique"}}]
    )
    assert outcomes(operation) == {"paris": UPGRADED, "berlin": LEFT_ALONE, "tokyo": LEFT_ALONE}
    assert await fleet.targets(deployment_id, "status", "revision", "generation") == {
        "paris": ("DEPLOYED", 2, 2),
        "berlin": ("DEPLOYED", 1, 2),
        "tokyo": ("DEPLOYED", 1, 2),
    }
    assert outcomes(await fleet.reconciled(deployment_id)) == dict.fromkeys(fleet.hands, LEFT_ALONE)
    revisions = {name: (await hand.listed())[fleet.release]["revision"] for name, hand in fleet.hands.items()}
    assert revisions == {"paris": "2", "berlin": "1", "tokyo": "1"}


@pytest.mark.foretold
async def test_targets_come_and_go_with_updates(fleet: Fleet) -> None:
    deployment_id = await fleet.deployed(targets=["paris", "berlin"], values={"name": "shop"})
    assert await fleet.hands["tokyo"].listed() == {}

    operation = await fleet.updated(
        deployment_id, targets=["berlin", "tokyo"], valueOverrides=[{"cluster": "tokyo", "values": {"name": "mise"}}]
    )
    assert outcomes(operation) == {"paris": UNINSTALLED, "berlin": LEFT_ALONE, "tokyo": INSTALLED}
    assert await fleet.targets(deployment_id, "status", "values") == {
        "berlin": ("DEPLOYED", {"name": "shop"}),
        "tokyo": ("DEPLOYED", {"name": "mise"}),
    }
    assert await fleet.hands["paris"].listed() == {}
    assert await fleet.hands["paris"].config(fleet.release) is None


@pytest.mark.foretold
async def test_a_deleted_deployment_leaves_nothing_on_any_member(fleet: Fleet) -> None:
    deployment_id = await fleet.deployed()
    operation = await fleet.stack.settled(await fleet.stack.delete(deployment_id))
    assert (operation["kind"], operation["state"]) == ("DELETE", "SUCCEEDED")
    assert outcomes(operation) == dict.fromkeys(fleet.hands, UNINSTALLED)
    assert await fleet.stack.targets(deployment_id) == {}
    for hand in fleet.hands.values():
        assert await hand.listed() == {}
        assert (await hand.find("secrets"))["items"] == []
        assert await hand.config(fleet.release) is None


@pytest.mark.foretold
async def test_a_name_that_somebody_elses_release_has_is_a_conflict_that_names_the_cluster(fleet: Fleet) -> None:
    berlin = fleet.hands["berlin"]
    await berlin("install", fleet.release, berlin.chart(), "--create-namespace")
    answer = await fleet.create()
    assert (answer["__typename"], answer["code"], answer["path"]) == (
        "Conflict",
        "release_name_taken",
        ["releaseName"],
    )
    assert answer["message"] == (
        f"'{fleet.release}' in namespace '{fleet.namespace}' is used by a release that Polyhelm does not manage on"
        " berlin. Choose another releaseName."
    )
    assert await berlin.history(fleet.release) == [(1, "deployed", "Install complete")]
    assert await fleet.hands["paris"].listed() == {}

    deployment_id = await fleet.deployed(targets=["paris", "tokyo"])
    answer = await fleet.stack.update(deployment_id, targets=["paris", "tokyo", "berlin"])
    assert (answer["__typename"], answer["code"]) == ("Conflict", "release_name_taken")
    assert set(await fleet.stack.targets(deployment_id)) == {"paris", "tokyo"}


@pytest.mark.foretold
async def test_a_release_that_is_kept_in_config_maps_is_not_taken_over(fleet: Fleet) -> None:
    berlin = fleet.hands["berlin"]
    hand = replace(berlin, helm=replace(berlin.helm, driver="configmap"))
    await hand("install", fleet.release, hand.chart(), "--create-namespace")
    answer = await fleet.create()
    assert (answer["__typename"], answer["code"]) == ("Conflict", "release_name_taken")
    assert answer["message"] == (
        f"'{fleet.release}' in namespace '{fleet.namespace}' is used by a release that Helm keeps in ConfigMaps"
        " (HELM_DRIVER=configmap) on berlin. Choose another releaseName."
    )
    assert await hand.history(fleet.release) == [(1, "deployed", "Install complete")]
    assert await berlin.listed() == {}


async def test_a_release_that_somebody_installs_before_us_is_left_alone_even_by_delete(
    new_fleet: NewFleet, members: Mapping[str, Member]
) -> None:
    """It comes between our look and our install: the worker begins later."""
    async with new_fleet(members["paris"], working=False) as fleet:
        paris, services = fleet.hands["paris"], fleet.stack.services
        answer = await fleet.create(values={"name": "ours"})
        await paris("install", fleet.release, paris.chart(), "--create-namespace", "--set", "name=ours")
        async with running(run_worker(services)):
            operation = await fleet.stack.settled(answer)
            assert outcomes(operation) == {"paris": ("NONE", "FAILED")}
            assert operation["results"][0]["error"]["code"] == "release_name_taken"
            message = f"There is a release {fleet.release} on paris that Polyhelm did not install."
            assert operation["results"][0]["error"]["message"] == message
            assert outcomes(await fleet.stack.settled(await fleet.stack.delete(answer["deployment"]["id"]))) == {
                "paris": LEFT_ALONE
            }
        assert await paris.history(fleet.release) == [(1, "deployed", "Install complete")]
