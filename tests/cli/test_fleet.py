"""`polyhelm status`, `events`, `reconcile` and `deploy wait`: the fleet at a glance, and mended."""

import asyncio
import base64
import json
import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from simulator import Member
from tests.cli.polyhelm import PROGRAM, Polyhelm
from tests.contract.helm import Helm
from tests.sample_charts import packaged
from tests.stack import eventually


@pytest_asyncio.fixture(loop_scope="session")
async def fleet(working: Polyhelm, members: dict[str, Member]) -> AsyncIterator[Polyhelm]:
    """Shop and cart on Paris and Berlin; Paris has lost its shop."""
    await working.stack.fleet({name: member.kubeconfig for name, member in members.items()})
    for release in ("shop", "cart"):
        await working.stack.deployed(releaseName=release)

    async def is_healthy() -> bool:
        return "Health: 4 HEALTHY" in (await working("status")).out

    await eventually(is_healthy)
    await lose_shop(working, members["paris"])
    yield working


async def lose_shop(program: Polyhelm, member: Member) -> None:
    """Somebody uninstalls it by hand."""
    await Helm.at(program.home, member.kubeconfig)("uninstall", "shop", "--namespace", "default")

    async def is_noticed() -> bool:
        shown = (await program("status")).out
        return all(text in shown for text in ("1 NOT_INSTALLED", "Health: 1 MISSING, 3 HEALTHY"))

    await eventually(is_noticed)


async def change_shop(program: Polyhelm, member: Member) -> None:
    """Somebody upgrades it by hand."""
    chart = program.home / "web.tgz"
    chart.write_bytes(base64.b64decode(packaged()))
    by_hand = Helm.at(program.home, member.kubeconfig)
    await by_hand("upgrade", "shop", str(chart), "--namespace", "default", "--set", "replicas=5")

    async def is_noticed() -> bool:
        return "1 STALE" in (await program("status")).out

    await eventually(is_noticed)


STATUS = [
    "DEPLOYMENT   CHART              GENERATION   STATUS                        HEALTH",
    "fleet/cart   charts/web 1.0.0   1            2 DEPLOYED                    2 HEALTHY",
    "fleet/shop   charts/web 1.0.0   1            1 NOT_INSTALLED, 1 DEPLOYED   1 MISSING, 1 HEALTHY",
    "",
    "DEPLOYMENT   CLUSTER   STATUS          SINCE   WHY",
    "fleet/shop   paris     NOT_INSTALLED <age> There is no release with this name.",
    "",
    "2 deployments: 1 NOT_INSTALLED, 3 DEPLOYED",
    "Health: 1 MISSING, 3 HEALTHY",
]


async def test_the_status_of_the_fleet_is_printed_with_what_is_wrong_and_why(fleet: Polyhelm) -> None:
    assert await fleet.fine("status") == STATUS
    assert await fleet.fine("status", "-o", "name", "--status", "not_installed") == ["fleet/shop"]
    assert await fleet.fine("status", "--search", "cart") == [
        "DEPLOYMENT   CHART              GENERATION   STATUS       HEALTH",
        "fleet/cart   charts/web 1.0.0   1            2 DEPLOYED   2 HEALTHY",
        "",
        "1 deployment: 2 DEPLOYED",
        "Health: 2 HEALTHY",
    ]
    assert (await fleet("status", "--group", "none")).words == ["Nothing matches."]
    (cart, shop) = (await fleet("status", "-o", "json")).data
    assert (cart["targets"], [target["clusterName"] for target in shop["targets"]]) == ([], ["paris"])
    done = await fleet("status", "--status", "green")
    assert (done.code, done.lines) == (2, [])
    assert "'green' is not one of" in done.err


async def test_reconciling_changes_only_the_targets_that_differ(fleet: Polyhelm, members: dict[str, Member]) -> None:
    done = await fleet("deploy", "wait", "fleet/shop", "--timeout", "0")
    assert (done.code, done.words) == (
        3,
        [
            "Error: fleet/shop is not up to date after 0 seconds.",
            "  paris: NOT_INSTALLED There is no release with this name.",
            "Next: Show details: polyhelm deploy get fleet/shop. To fix it: polyhelm reconcile fleet/shop",
        ],
    )
    assert await fleet.fine("reconcile", "fleet/shop", "--dry-run") == [
        "CLUSTER   ACTION    STATUS          WHY",
        "berlin    NONE      DEPLOYED        -",
        "paris     INSTALL   NOT_INSTALLED   There is no release with this name.",
    ]
    done = await fleet("reconcile", "fleet/shop")
    assert (done.code, sorted(done.words)) == (
        0,
        ["berlin: unchanged", "fleet/shop is up to date.", "paris: installed"],
    )
    done = await fleet("deploy", "wait", "fleet/shop")
    assert (done.code, done.words) == (0, ["fleet/shop is up to date: generation 1."])
    assert (await fleet("reconcile", "fleet/shop", "--cluster", "berlin", "-q")).words == []
    done = await fleet("reconcile", "fleet/shop", "--cluster", "rome")
    assert done.code == 1

    await change_shop(fleet, members["berlin"])
    assert (await fleet.fine("deploy", "get", "fleet/shop"))[-2].endswith(
        "STALE <age> 1.0.0     2          replicas: wanted nothing, found 5; changed by hand at revision 2"
    )


async def test_events_are_printed_with_the_newest_last(fleet: Polyhelm) -> None:
    lines = await fleet.fine("events", "--limit", "200")
    assert [re.sub(" +", " ", line) for line in (lines[0], lines[-1])] == [
        "<moment> user.created admin admin is the first admin.",
        "<moment> target.status - shop on paris is NOT_INSTALLED. There is no release with this name.",
    ]
    newest = (await fleet("events", "--limit", "1", "-o", "json")).data
    assert [event["kind"] for event in newest] == ["target.status"]


@pytest.mark.parametrize("form", ["table", "json"])
async def test_following_prints_what_happens_next_and_nothing_twice(fleet: Polyhelm, form: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *(PROGRAM, "events", "--follow", "--limit", "1", "-o", form),
        env=fleet.environment(),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(30):
            first = (await process.stdout.readline()).decode()
            assert "shop on paris is NOT_INSTALLED" in first
            await fleet.fine("group", "create", "empty")
            await fleet.fine("group", "rm", "empty", "--yes")
            told = [(await process.stdout.readline()).decode() for _ in range(2)]
    finally:
        process.terminate()
        await process.wait()
    messages = [json.loads(line)["message"] for line in told] if form == "json" else told
    for message, words in zip(messages, ("The group empty was created", "The group empty was deleted."), strict=True):
        assert words in message


async def test_resources_are_listed_with_their_health(fleet: Polyhelm) -> None:
    assert await fleet.fine("resources", "fleet/shop") == [
        "CLUSTER   KIND        NAME           HEALTH    SINCE   WHY",
        "berlin    ConfigMap   default/shop   HEALTHY <age> -",
    ]
    names = ["berlin/ConfigMap/default/cart", "paris/ConfigMap/default/cart"]
    assert sorted(await fleet.fine("resources", "fleet/cart", "-o", "name")) == names
    assert await fleet.fine("resources", "--cluster", "paris", "--kind", "ConfigMap", "-o", "name") == names[1:]
    assert (await fleet("resources", "--health", "degraded")).words == ["Nothing matches."]
