"""What somebody does to a release with Helm or kubectl shows in the target's status, and one reconcile mends it."""

import base64
from typing import Any

import pytest

from tests.real.fleet import Fleet, outcomes, values_reason
from tests.sample_charts import packaged

pytestmark = pytest.mark.xdist_group("kubernetes")

HELM = "HELM_STATUS"
ABSENT = {
    "code": "ABSENT",
    "message": "There is no release with this name.",
    "path": None,
    "desired": None,
    "actual": None,
}


async def mended(fleet: Fleet, deployment_id: str, action: str, *, revision: int, values: object) -> None:
    """One reconcile does this on paris, and all is as it was."""
    assert outcomes(await fleet.reconciled(deployment_id)) == {"paris": (action, "SUCCEEDED")}
    target = (await fleet.stack.targets(deployment_id))["paris"]
    assert (target["status"], target["reasons"], target["revision"]) == ("DEPLOYED", [], revision)
    paris = fleet.hands["paris"]
    assert (await paris.listed())[fleet.release]["status"] == "deployed"
    assert (await paris.listed())[fleet.release]["revision"] == str(revision)
    assert await paris.values(fleet.release) == target["values"] == values
    assert await paris.config(fleet.release) == {"replicas": 1} | target["values"]


async def test_an_upgrade_with_other_values_makes_it_stale_with_a_reason_for_each_difference(paris: Fleet) -> None:
    values = {"name": "shop", "limits": {"cpu": 1, "memory": "64Mi"}, "hosts": ["a"]}
    deployment_id = await paris.deployed(values=values)
    hand = paris.hands["paris"]
    changes = ["--set", "limits.cpu=4", "--set", "hosts={b}", "--set", "limits.memory=null", "--set", "extra=on"]
    await hand("upgrade", paris.release, hand.chart(), "--reuse-values", *changes)
    target = await paris.until(deployment_id, "paris", status="STALE", helmStatus="DEPLOYED", revision=2)
    assert target["stale"] is True
    found = await hand.values(paris.release)
    assert target["values"] == found
    assert [reason for reason in target["reasons"] if reason["path"] != "limits.memory"] == [
        values_reason("extra", None, "on", 'extra: wanted nothing, found "on"'),
        values_reason("hosts", ["a"], ["b"], 'hosts: wanted ["a"], found ["b"]'),
        values_reason("limits.cpu", 1, 4, "limits.cpu: wanted 1, found 4"),
    ]
    assert {reason["path"] for reason in target["reasons"]} == {"extra", "hosts", "limits.cpu", "limits.memory"}
    await mended(paris, deployment_id, "UPGRADE", revision=3, values=values)


async def test_an_upgrade_to_another_chart_version_makes_it_stale(paris: Fleet) -> None:
    deployment_id = await paris.deployed(values={"name": "shop"})
    hand = paris.hands["paris"]
    await hand("upgrade", paris.release, hand.chart("1.7.0"), "--reuse-values")
    target = await paris.until(deployment_id, "paris", status="STALE", helmStatus="DEPLOYED", version="1.7.0")
    message = "Chart version: wanted 1.0.0, found 1.7.0"
    assert target["reasons"] == [
        {"code": "CHART_VERSION", "message": message, "path": None, "desired": "1.0.0", "actual": "1.7.0"}
    ]
    await mended(paris, deployment_id, "UPGRADE", revision=3, values={"name": "shop"})


async def test_an_upgrade_to_another_chart_makes_it_stale(paris: Fleet) -> None:
    deployment_id = await paris.deployed(values={"name": "shop"})
    hand = paris.hands["paris"]
    await hand("upgrade", paris.release, hand.chart(name="other"), "--reuse-values")
    target = await paris.until(deployment_id, "paris", status="STALE", helmStatus="DEPLOYED", revision=2)
    message = "Chart: wanted web, found other"
    assert target["reasons"] == [
        {"code": "CHART_NAME", "message": message, "path": None, "desired": "web", "actual": "other"}
    ]
    await mended(paris, deployment_id, "UPGRADE", revision=3, values={"name": "shop"})


async def test_an_upgrade_by_hand_to_just_what_is_wanted_is_no_difference(paris: Fleet) -> None:
    deployment_id = await paris.deployed(values={"replicas": 3})
    hand = paris.hands["paris"]
    await hand("upgrade", paris.release, hand.chart(), "--set", "replicas=3")
    await paris.until(deployment_id, "paris", status="DEPLOYED", helmStatus="DEPLOYED", revision=2, reasons=[])
    assert outcomes(await paris.reconciled(deployment_id)) == {"paris": ("NONE", "SUCCEEDED")}
    assert (await hand.listed())[paris.release]["revision"] == "2"


async def test_a_rollback_makes_it_stale(paris: Fleet) -> None:
    deployment_id = await paris.deployed(values={"name": "shop"})
    await paris.stack.upload(packaged(version="1.1.0"))
    await paris.updated(deployment_id, version="1.1.0", values={"name": "boutique"})
    await paris.hands["paris"]("rollback", paris.release)
    target = await paris.until(deployment_id, "paris", status="STALE", helmStatus="DEPLOYED", revision=3)
    assert target["reasons"] == [
        {
            "code": "CHART_VERSION",
            "message": "Chart version: wanted 1.1.0, found 1.0.0",
            "path": None,
            "desired": "1.1.0",
            "actual": "1.0.0",
        },
        values_reason("name", "boutique", "shop", 'name: wanted "boutique", found "shop"'),
    ]
    await mended(paris, deployment_id, "UPGRADE", revision=4, values={"name": "boutique"})


async def test_an_uninstalled_release_is_not_installed_and_is_installed_again(paris: Fleet) -> None:
    deployment_id = await paris.deployed(values={"name": "shop"})
    await paris.hands["paris"]("uninstall", paris.release)
    await paris.until(
        deployment_id, "paris", status="NOT_INSTALLED", reasons=[ABSENT], helmStatus=None, revision=None, values=None
    )
    await mended(paris, deployment_id, "INSTALL", revision=1, values={"name": "shop"})


async def test_a_release_uninstalled_with_its_history_kept_is_deleted_and_is_installed_again(paris: Fleet) -> None:
    deployment_id = await paris.deployed(values={"name": "shop"})
    await paris.hands["paris"]("uninstall", paris.release, "--keep-history")
    message = "The release was uninstalled, and its history was kept."
    reason = {"code": HELM, "message": message, "path": None, "desired": None, "actual": "uninstalled"}
    await paris.until(deployment_id, "paris", status="DELETED", reasons=[reason], helmStatus="DELETED", revision=1)
    await mended(paris, deployment_id, "INSTALL", revision=2, values={"name": "shop"})


async def test_the_history_of_an_uninstalled_release_is_removed_with_the_deployment(paris: Fleet) -> None:
    deployment_id = await paris.deployed()
    hand = paris.hands["paris"]
    await hand("uninstall", paris.release, "--keep-history")
    operation = await paris.stack.settled(await paris.stack.delete(deployment_id))
    assert outcomes(operation) == {"paris": ("UNINSTALL", "SUCCEEDED")}
    assert await hand.listed() == {}


async def test_an_edited_release_record_shows_and_is_corrected(paris: Fleet) -> None:
    deployment_id = await paris.deployed(values={"name": "shop"})

    def change(record: dict[str, Any]) -> None:
        record["config"] = {"name": "forged"}

    await paris.hands["paris"].edit_record(paris.release, 1, change)
    reason = values_reason("name", "shop", "forged", 'name: wanted "shop", found "forged"')
    await paris.until(deployment_id, "paris", status="STALE", reasons=[reason], values={"name": "forged"}, revision=1)
    await mended(paris, deployment_id, "UPGRADE", revision=2, values={"name": "shop"})


async def test_a_release_record_without_a_release_is_reported_as_unreadable(paris: Fleet) -> None:
    """Helm can't read it either. The target says so, with the status of the record's label, until it is removed."""
    deployment_id = await paris.deployed(values={"name": "shop"})
    hand = paris.hands["paris"]
    garbage = base64.b64encode(b"no release").decode()
    path = f"/api/v1/namespaces/{paris.namespace}/secrets/sh.helm.release.v1.{paris.release}.v1"
    status, _ = await hand.client.patch(path, {"data": {"release": garbage}})
    assert status == 200
    target = await paris.stack.until_status(deployment_id, "paris", "UNKNOWN")
    assert [reason["code"] for reason in target["reasons"]] == ["UNREADABLE"]
    assert target["helmStatus"] == "DEPLOYED"

    status, _ = await hand.client.delete(path)
    assert status == 200
    await paris.stack.until_status(deployment_id, "paris", "NOT_INSTALLED")


async def test_several_changes_on_several_members_are_corrected_by_one_reconcile(fleet: Fleet) -> None:
    deployment_id = await fleet.deployed(values={"name": "shop"})
    paris, tokyo = fleet.hands["paris"], fleet.hands["tokyo"]
    await paris("upgrade", fleet.release, paris.chart(), "--set", "name=other")
    await tokyo("uninstall", fleet.release)
    await fleet.until(deployment_id, "paris", status="STALE", helmStatus="DEPLOYED")
    await fleet.until(deployment_id, "tokyo", status="NOT_INSTALLED")
    assert (await fleet.targets(deployment_id, "status"))["berlin"] == "DEPLOYED"

    operation = await fleet.reconciled(deployment_id)
    assert (operation["kind"], operation["state"]) == ("RECONCILE", "SUCCEEDED")
    assert outcomes(operation) == {
        "paris": ("UPGRADE", "SUCCEEDED"),
        "berlin": ("NONE", "SUCCEEDED"),
        "tokyo": ("INSTALL", "SUCCEEDED"),
    }
    assert await fleet.targets(deployment_id, "status", "revision", "generation") == {
        "paris": ("DEPLOYED", 3, 1),
        "berlin": ("DEPLOYED", 1, 1),
        "tokyo": ("DEPLOYED", 1, 1),
    }


async def test_a_reconcile_of_named_targets_leaves_the_others_as_they_are(fleet: Fleet) -> None:
    deployment_id = await fleet.deployed(targets=["paris", "berlin"])
    for name in ("paris", "berlin"):
        await fleet.hands[name]("uninstall", fleet.release)
        await fleet.until(deployment_id, name, status="NOT_INSTALLED")
    assert outcomes(await fleet.reconciled(deployment_id, targets=["paris"])) == {"paris": ("INSTALL", "SUCCEEDED")}
    assert await fleet.targets(deployment_id, "status") == {"paris": "DEPLOYED", "berlin": "NOT_INSTALLED"}
