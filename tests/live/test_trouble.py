"""Members that fall silent, hang, refuse, ask for a pause, or forget: what a subscriber is told, and nothing else."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

from app.program.processes import running
from reconcilers.observer import Observer
from reconcilers.worker import run_worker
from simulator import Member, Simulator
from tests.faults import Line
from tests.kubernetes.process import HOST
from tests.live import hands
from tests.live.client import Subscription, socket
from tests.live.serving import Served
from tests.stack import Stack, eventually

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]

TARGETS = """subscription { targets {
  clusterName status helmStatus revision reasons { code message } cluster { reachability }
} }"""


@asynccontextmanager
async def watched(stack: Stack, served: Served, **kubeconfigs: str) -> AsyncIterator[Subscription]:
    """A subscriber who has seen the release "shop" DEPLOYED on these members."""
    await stack.fleet(kubeconfigs)
    await stack.deployed(releaseName="shop")
    async with served(stack) as url, socket(url) as opened:
        targets = await opened.subscribe(TARGETS)
        for _ in kubeconfigs:
            assert (await targets.next())["status"] == "DEPLOYED"
        yield targets


async def sees(targets: Subscription, status: str, revision: int | None) -> Any:
    """The next that is told has this status and revision."""
    found = await targets.next()
    assert (found["status"], found["revision"]) == (status, revision), found
    return found


def line_to(member: Member) -> Line:
    """To the simulator that has this member."""
    port = urlsplit(member.server).port
    assert port is not None
    return Line((HOST, port))


def through(line: Line, member: Member) -> str:
    return member.kubeconfig.replace(f":{urlsplit(member.server).port}/", f":{line.port}/")


async def test_a_member_behind_a_cut_network_is_unknown_and_its_changes_are_seen_when_the_network_is_back(
    stack: Stack, served: Served, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    async with line_to(paris) as line, watched(stack, served, paris=through(line, paris)) as targets:
        line.freeze()
        hands.upgrade(paris, "shop", {"a": 1})
        found = await sees(targets, "UNKNOWN", 1)
        assert found["helmStatus"] == "DEPLOYED"
        assert found["cluster"] == {"reachability": "UNREACHABLE"}
        assert [reason["code"] for reason in found["reasons"]] == ["UNREACHABLE"]
        await line.heal()
        await tells_what_it_is_like(targets, 2)


async def tells_what_it_is_like(targets: Subscription, revision: int) -> None:
    """After UNKNOWN comes the state that was known, for a moment or not at all, and then the present one."""
    found = await targets.next()
    while (found["status"], found["revision"]) == ("DEPLOYED", 1):
        found = await targets.next()
    assert (found["status"], found["revision"]) == ("STALE", revision), found
    assert found["cluster"] == {"reachability": "REACHABLE"}


async def test_a_hanging_api_server_is_unknown_and_the_others_are_still_observed(
    stack: Stack, served: Served, simulated: Callable[[str], Member]
) -> None:
    paris, berlin = simulated("paris"), simulated("berlin")
    async with watched(stack, served, paris=paris.kubeconfig, berlin=berlin.kubeconfig) as targets:
        paris.faults.hang = True
        assert (await sees(targets, "UNKNOWN", 1))["clusterName"] == "paris"
        for revision in (2, 3):
            hands.upgrade(paris, "shop", {"a": revision})
            hands.upgrade(berlin, "shop", {"a": revision})
            assert (await sees(targets, "STALE", revision))["clusterName"] == "berlin"
        paris.faults.hang = False
        await tells_what_it_is_like(targets, 3)


async def test_an_expired_token_is_unauthorized_and_never_a_release_that_is_not_installed(
    stack: Stack, served: Served, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    async with watched(stack, served, paris=paris.kubeconfig) as targets:
        paris.faults.unauthorized = True
        hands.uninstall(paris, "shop")
        found = await sees(targets, "UNKNOWN", 1)
        assert found["cluster"] == {"reachability": "UNAUTHORIZED"}
        (reason,) = found["reasons"]
        assert reason["message"] == (
            "The API server does not accept the credentials (401)."
            " Replace them: polyhelm cluster update paris --kubeconfig FILE"
        )
        paris.faults.unauthorized = False
        while (found := await targets.next())["status"] == "DEPLOYED":
            pass
        assert (found["status"], found["revision"]) == ("NOT_INSTALLED", None)
        assert found["cluster"] == {"reachability": "REACHABLE"}


async def test_a_member_that_asks_for_a_pause_is_given_it_and_loses_no_change(
    new_stack: NewStack, served: Served, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    async with (
        new_stack(confirm_every=60, unreachable_after=60) as stack,
        watched(stack, served, paris=paris.kubeconfig) as targets,
    ):
        paris.faults.throttled = 1
        hands.upgrade(paris, "shop", {"a": 1})
        moments = [await tried(paris) for _ in range(3)]
        assert targets.told.empty()
        paris.faults.throttled = 0
        await sees(targets, "STALE", 2)
    assert (
        min(later - earlier for earlier, later in pairwise(moments)) > 0.8
    )  # a second, as precisely as they are known


async def tried(member: Member) -> float:
    """When it is tried next: it is asked for a sign of life, and then who it is."""
    before = member.requests["get namespaces"]

    async def is_tried() -> bool:
        return member.requests["get namespaces"] >= before + 2

    await eventually(is_tried)
    return time.monotonic()


async def asked(member: Member) -> None:
    """Until it is asked for anything."""
    before = member.requests.total()

    async def is_asked() -> bool:
        return member.requests.total() > before

    await eventually(is_asked)


async def test_a_watch_whose_history_is_gone_is_listed_again_and_nothing_is_unknown_meanwhile(
    new_stack: NewStack, served: Served
) -> None:
    async with Simulator(["paris"], history=5) as simulator, new_stack(unreachable_after=60) as stack:
        paris = simulator.members["paris"]
        async with watched(stack, served, paris=paris.kubeconfig) as targets:
            lists = paris.requests["list secrets"]
            for number in range(20):  # before the watcher is told of any
                hands.upgrade(paris, "shop", {"a": number})
            await sees(targets, "STALE", 21)
            assert paris.requests["list secrets"] == lists + 1
            hands.upgrade(paris, "shop", {"a": "last"})
            await sees(targets, "STALE", 22)


async def test_a_store_that_is_restored_from_a_backup_is_believed_though_it_counts_anew(
    stack: Stack, served: Served, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    async with watched(stack, served, paris=paris.kubeconfig) as targets:
        backup, version = hands.copies(paris), paris.store.version
        for number in range(5):
            hands.upgrade(paris, "shop", {"a": number})
        await targets.until(status="STALE", revision=6)
        async with offline(paris):
            hands.restore(paris, backup, version)
        await targets.until(status="DEPLOYED", revision=1)
        hands.upgrade(paris, "shop", {"a": "new"})
        await sees(targets, "STALE", 2)


async def test_a_release_that_appears_after_a_restore_is_seen_though_its_version_is_an_old_one(
    stack: Stack, served: Served, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    async with watched(stack, served, paris=paris.kubeconfig) as targets:
        release, version = hands.copies(paris), paris.store.version
        for number in range(5):
            hands.upgrade(paris, "shop", {"a": number})
        hands.uninstall(paris, "shop")
        await targets.until(status="NOT_INSTALLED", revision=None)
        async with offline(paris):
            hands.restore(paris, [], version - 1)
            await targets.until(status="UNKNOWN")
        await targets.until(status="NOT_INSTALLED")
        hands.restore(paris, release, version)
        await sees(targets, "DEPLOYED", 1)


@asynccontextmanager
async def offline(member: Member) -> AsyncIterator[None]:
    """Long enough for the observer to notice."""
    member.faults.down = True
    await asked(member)
    yield
    member.faults.down = False


async def test_an_earlier_confirmation_does_not_make_a_member_reachable_again(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    await quiet.fleet({"paris": paris.kubeconfig})
    observer = Observer(quiet.services)
    async with running(run_worker(quiet.services), observer.run()):
        deployment_id = await quiet.deployed(releaseName="shop")
        paris.faults.down = True
        await quiet.until_status(deployment_id, "paris", "UNKNOWN")
        observer._confirmed.clear()  # as if it was about to be written down when the member went away
        await observer._confirm()
        assert (await quiet.targets(deployment_id))["paris"]["status"] == "UNKNOWN"
