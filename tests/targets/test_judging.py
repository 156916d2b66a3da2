"""Statuses when two look at the same target at once."""

import asyncio
from collections.abc import Callable

from sqlalchemy import text

from app.releases.release import Observed
from app.tables.clusters import Reachability
from app.targets.reachability import write_reachability
from app.targets.sightings import Sighting, write_sightings
from simulator import Member
from tests.stack import Stack, eventually, waiting_for_locks


async def test_a_member_that_comes_back_while_its_release_is_seen_is_judged_by_what_was_seen(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    await quiet.fleet({"paris": simulated("paris").kubeconfig})
    deployment_id = (await quiet.create(releaseName="shop"))["deployment"]["id"]
    observed_at = (await quiet.targets(deployment_id))["paris"]["observedAt"]
    [[cluster_id]] = await quiet.services.database.rows(text("SELECT id FROM cluster"))
    async with quiet.services.transaction() as transaction:
        await write_reachability(transaction, cluster_id, Reachability.UNREACHABLE, "It is away.")
    paris = (await quiet.targets(deployment_id))["paris"]
    assert (paris["status"], paris["observedAt"]) == ("UNKNOWN", observed_at)

    async def is_back() -> None:
        async with quiet.services.transaction() as transaction:
            await write_reachability(transaction, cluster_id, Reachability.REACHABLE)

    async with quiet.services.transaction() as transaction:
        release = Observed("shop", "default", 1, "deployed", "web", "1.0.0")
        await write_sightings(transaction, [Sighting((cluster_id, "default", "shop"), 10**6, release, "7")])
        back = asyncio.create_task(is_back())
        await eventually(lambda: waiting_for_locks(quiet))
    await back
    assert (await quiet.targets(deployment_id))["paris"]["status"] == "DEPLOYED"


async def test_a_release_that_has_just_been_installed_is_not_missing(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    await quiet.fleet({"paris": simulated("paris").kubeconfig})
    await quiet.create(releaseName="shop")
    [[cluster_id]] = await quiet.services.database.rows(text("SELECT id FROM cluster"))
    found = []
    for version, release in enumerate([None, Observed("shop", "default", 1, "deployed", "web", "1.0.0")]):
        async with quiet.services.transaction() as transaction:
            sighting = Sighting((cluster_id, "default", "shop"), 10**6 + version, release, str(version))
            await write_sightings(transaction, [sighting])
        found += [tuple(row) for row in await quiet.services.database.rows(text("SELECT status, health FROM target"))]
    assert found == [("NOT_INSTALLED", "MISSING"), ("DEPLOYED", "UNKNOWN")]
