"""Releases that a Helm left unfinished: what a run of ours has left is brought to its end, somebody else's is left
alone."""

import asyncio
import json
from typing import Any

import pytest
from sqlalchemy import text

from app.releases.canonical import digest
from tests.real.fleet import Fleet, outcomes
from tests.stack import eventually

pytestmark = pytest.mark.xdist_group("kubernetes")


async def write_intent(fleet: Fleet, action: str, revision: int, *, values: dict[str, Any] | None = None) -> None:
    """As a worker leaves it that was killed while its Helm made or removed a revision, with these values."""
    intent = {"action": action, "revision": revision, "digest": digest("web", "1.0.0", values).hex()}
    async with fleet.stack.services.transaction() as transaction:
        await transaction.session.execute(
            text(
                "UPDATE target SET intent = CAST(:intent AS jsonb),"
                " lease_owner = 'a worker that was killed',"
                " lease_token = lease_token + 1, lease_expires_at = now() - interval '1 second'"
            ),
            {"intent": json.dumps(intent)},
        )


async def leave_upgrade_pending(fleet: Fleet, name: str) -> None:
    """Revision 2, with other values, as a Helm leaves it that was killed in the midst of an upgrade."""
    paris = fleet.hands["paris"]
    await paris("upgrade", fleet.release, paris.chart(), "--set", f"name={name}")
    await paris.mark(fleet.release, 2, "pending-upgrade")
    await paris.mark(fleet.release, 1, "deployed")


async def until_trouble(fleet: Fleet, answer: Any, code: str) -> Any:
    """The only result of an operation, once it shows this trouble."""

    async def shown() -> Any:
        (result,) = (await fleet.operation(answer))["results"]
        return result if result["error"] and result["error"]["code"] == code else None

    return await eventually(shown)


async def test_our_interrupted_upgrade_is_marked_as_failed_and_what_is_wanted_now_is_upgraded_to(paris: Fleet) -> None:
    deployment_id = await paris.deployed(values={"name": "shop"})
    await write_intent(paris, "UPGRADE", 2, values={"name": "half-done"})
    await leave_upgrade_pending(paris, "half-done")
    await paris.until(deployment_id, "paris", status="STALE", helmStatus="PENDING_UPGRADE", revision=2)
    assert outcomes(await paris.reconciled(deployment_id)) == {"paris": ("UPGRADE", "SUCCEEDED")}
    assert await paris.targets(deployment_id, "status", "revision", "error") == {"paris": ("DEPLOYED", 3, None)}
    assert await paris.hands["paris"].config(paris.release) == {"replicas": 1, "name": "shop"}
    assert (await paris.hands["paris"].history(paris.release))[1:] == [
        (2, "failed", "Interrupted (pending-upgrade), and marked as failed by Polyhelm"),
        (3, "deployed", "Upgrade complete"),
    ]


@pytest.mark.parametrize("status", ["pending-install", "uninstalling"])
async def test_our_interrupted_install_or_uninstall_is_cleared_and_installed_again(paris: Fleet, status: str) -> None:
    deployment_id = await paris.deployed(values={"name": "shop"})
    is_install = status == "pending-install"
    await write_intent(paris, "INSTALL" if is_install else "UNINSTALL", 1, values={"name": "shop"})
    await paris.hands["paris"].mark(paris.release, 1, status)
    helm_status = {"pending-install": "PENDING_INSTALL", "uninstalling": "DELETING"}[status]
    target = await paris.until(deployment_id, "paris", status=helm_status, helmStatus=helm_status)
    assert [(reason["code"], reason["actual"]) for reason in target["reasons"]] == [("HELM_STATUS", status)]
    assert outcomes(await paris.reconciled(deployment_id)) == {"paris": ("INSTALL", "SUCCEEDED")}
    history = await paris.hands["paris"].history(paris.release)
    assert history[-1] == (2 if is_install else 1, "deployed", "Install complete")
    assert [entry[1] for entry in history[:-1]] == (["failed"] if is_install else [])
    assert await paris.targets(deployment_id, "status", "revision") == {"paris": ("DEPLOYED", history[-1][0])}


async def test_our_interrupted_install_is_uninstalled_with_its_deployment(paris: Fleet) -> None:
    deployment_id = await paris.deployed()
    await write_intent(paris, "INSTALL", 1)
    await paris.hands["paris"].mark(paris.release, 1, "pending-install")
    operation = await paris.stack.settled(await paris.stack.delete(deployment_id))
    assert outcomes(operation) == {"paris": ("UNINSTALL", "SUCCEEDED")}
    assert await paris.hands["paris"].listed() == {}


async def test_a_release_that_somebody_elses_helm_works_on_is_left_alone_until_it_ends(paris: Fleet) -> None:
    """Theirs is the very revision that a run of ours was to make, which never got there."""
    deployment_id = await paris.deployed(values={"name": "shop"})
    hand = paris.hands["paris"]
    await write_intent(paris, "UPGRADE", 2, values={"name": "ours"})
    await leave_upgrade_pending(paris, "theirs")
    answer = await paris.stack.update(deployment_id, values={"name": "boutique"})
    result = await until_trouble(paris, answer, "release_locked")
    assert result["state"] == "RUNNING"
    assert result["error"]["nextSteps"] == ["WAIT", "HELM_ROLLBACK"]
    rollback = f"`helm rollback {paris.release} --namespace {paris.namespace}`"
    assert rollback in result["error"]["advice"]
    await asyncio.sleep(3 * paris.stack.services.settings.sweep_every)
    assert (await hand.listed())[paris.release]["revision"] == "2"
    assert (await paris.operation(answer))["state"] == "RUNNING"
    target = (await paris.stack.targets(deployment_id))["paris"]
    assert (target["status"], target["helmStatus"]) == ("STALE", "PENDING_UPGRADE")
    assert target["error"]["code"] == "release_locked"

    await hand("rollback", paris.release)
    assert outcomes(await paris.stack.settled(answer)) == {"paris": ("UPGRADE", "SUCCEEDED")}
    target = (await paris.stack.targets(deployment_id))["paris"]
    assert (target["status"], target["revision"], target["error"]) == ("DEPLOYED", 4, None)
