"""What a subscriber sees of a change that somebody makes by hand on a real member: each status, with its reasons."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from tests.live.client import Subscription, socket
from tests.live.serving import Served
from tests.real.fleet import Fleet, Hand, values_reason
from tests.real.test_changes_by_hand import ABSENT

pytestmark = pytest.mark.xdist_group("kubernetes")

TARGETS = """subscription ($deployment: ID!) {
  targets(deployment: $deployment) { clusterName status revision reasons { code message path desired actual } }
}"""
PASSING = {"DELETING", "PENDING_UPGRADE", "PENDING_ROLLBACK"}
"""What a release is for a moment while Helm is at work; a subscriber may see it or not."""

Seen = tuple[str, Any, list[Any]]

DEPLOYED: Seen = ("DEPLOYED", 1, [])
ABSENT_NOW: Seen = ("NOT_INSTALLED", None, [ABSENT])
RENAMED = [values_reason("name", "shop", "other", 'name: wanted "shop", found "other"')]


@dataclass(frozen=True)
class Watched:
    """A release on paris, wanted with the name "shop" in its values, and what the only subscriber is told of it."""

    fleet: Fleet
    hand: Hand
    deployment_id: str
    targets: Subscription

    async def sees(self, status: str, revision: int | None, reasons: list[Any]) -> None:
        """This is the next that is told, apart from what passes, and from the same status at an earlier revision."""
        while True:
            found = await self.targets.next()
            if found["status"] in PASSING:
                continue
            assert (found["status"], found["reasons"]) == (status, reasons)
            if found["revision"] == revision:
                return

    async def label(self, revision: int, **labels: str | None) -> None:
        """Changes labels of a release Secret, or removes them (None)."""
        status, told = await self.hand.client.patch(self.path(revision), {"metadata": {"labels": labels}})
        assert status == 200, told

    def path(self, revision: int) -> str:
        """Of a release Secret."""
        return f"/api/v1/namespaces/{self.fleet.namespace}/secrets/sh.helm.release.v1.{self.fleet.release}.v{revision}"


@pytest_asyncio.fixture(loop_scope="session")
async def watched(paris: Fleet, served: Served) -> AsyncIterator[Watched]:
    deployment_id = await paris.deployed(values={"name": "shop"})
    async with served(paris.stack) as url, socket(url) as opened:
        targets = await opened.subscribe(TARGETS, deployment=deployment_id)
        found = Watched(paris, paris.hands["paris"], deployment_id, targets)
        await found.sees(*DEPLOYED)
        yield found


async def test_an_upgrade_is_seen_and_its_rollback(watched: Watched) -> None:
    release, hand = watched.fleet.release, watched.hand
    await hand("upgrade", release, hand.chart(), "--set", "name=other")
    await watched.sees("STALE", 2, RENAMED)
    await hand("rollback", release, "1")
    await watched.sees("DEPLOYED", 3, [])


async def test_a_rollback_to_a_state_that_is_not_desired_is_seen(watched: Watched) -> None:
    await watched.fleet.updated(watched.deployment_id, values={"name": "boutique"})
    while (await watched.targets.next())["revision"] != 2:
        pass
    await watched.hand("rollback", watched.fleet.release, "1")
    reasons = [values_reason("name", "boutique", "shop", 'name: wanted "boutique", found "shop"')]
    while (found := await watched.targets.next())["revision"] != 3:
        pass
    assert (found["status"], found["reasons"]) == ("STALE", reasons)


async def test_an_uninstall_is_seen(watched: Watched) -> None:
    await watched.hand("uninstall", watched.fleet.release)
    await watched.sees(*ABSENT_NOW)


async def test_an_edited_release_secret_is_seen(watched: Watched) -> None:
    def change(record: dict[str, Any]) -> None:
        record["config"] = {"name": "other"}

    await watched.hand.edit_record(watched.fleet.release, 1, change)
    await watched.sees("STALE", 1, RENAMED)


async def test_a_deleted_release_secret_is_seen(watched: Watched) -> None:
    status, _ = await watched.hand.client.delete(watched.path(1))
    assert status == 200
    await watched.sees(*ABSENT_NOW)


async def test_the_revision_before_is_seen_when_the_newest_secret_is_deleted(watched: Watched) -> None:
    hand = watched.hand
    await hand("upgrade", watched.fleet.release, hand.chart(), "--set", "name=other")
    await watched.sees("STALE", 2, RENAMED)
    status, _ = await hand.client.delete(watched.path(2))
    assert status == 200
    message = "The newest revision is marked as superseded, but no later revision exists."
    reason = {"code": "HELM_STATUS", "message": message, "path": None, "desired": None, "actual": "superseded"}
    await watched.sees("SUPERSEDED", 1, [reason])


async def test_a_release_whose_name_label_is_changed_is_gone_for_helm_and_for_us_until_it_is_back(
    watched: Watched,
) -> None:
    release = watched.fleet.release
    await watched.label(1, name=f"{release}-x")
    await watched.sees(*ABSENT_NOW)
    assert not await watched.hand.try_to("status", release)
    await watched.label(1, name=release)
    await watched.sees(*DEPLOYED)
    assert await watched.hand.try_to("status", release)


@pytest.mark.parametrize("owner", ["somebody", None])
async def test_a_release_whose_owner_label_is_changed_is_gone_for_helm_and_for_us_until_it_is_back(
    watched: Watched, owner: str | None
) -> None:
    release = watched.fleet.release
    await watched.label(1, owner=owner)
    await watched.sees(*ABSENT_NOW)
    assert not await watched.hand.try_to("status", release)
    await watched.label(1, owner="helm")
    await watched.sees(*DEPLOYED)
    assert await watched.hand.try_to("status", release)


async def test_a_changed_status_label_alone_is_no_other_status_as_helm_goes_by_the_record(watched: Watched) -> None:
    release, hand = watched.fleet.release, watched.hand
    await watched.label(1, status="failed")
    assert "STATUS: deployed" in await hand("status", release)
    await hand.mark(release, 1, "failed")
    message = "Helm's last action on this release failed. Install complete"
    reason = {"code": "HELM_STATUS", "message": message, "path": None, "desired": None, "actual": "failed"}
    await watched.sees("FAILED", 1, [reason])
    assert "STATUS: failed" in await hand("status", release)
