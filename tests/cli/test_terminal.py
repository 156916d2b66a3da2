"""In a terminal: the fleet as it changes, bars, colours, and questions that are answered."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from app.program.processes import listen, run_api, running
from simulator import Member
from tests.cli.polyhelm import Polyhelm, timeless
from tests.cli.terminal import terminal
from tests.cli.test_apply import FILE
from tests.contract.helm import Helm

GREEN_DEPLOYED = b"\x1b[32mDEPLOYED"


@pytest_asyncio.fixture(loop_scope="session")
async def fleet(working: Polyhelm, members: dict[str, Member]) -> AsyncIterator[Polyhelm]:
    await working.stack.fleet({name: member.kubeconfig for name, member in members.items()})
    (working.home / "shop.yaml").write_text(FILE)
    yield working


async def test_the_watched_fleet_changes_as_it_happens_until_ctrl_c(
    fleet: Polyhelm, members: dict[str, Member]
) -> None:
    await fleet.stack.deployed(releaseName="shop")
    async with terminal(fleet, "status", "--watch") as screen:
        shown = await screen.shows("2 DEPLOYED   2 HEALTHY")  # the last line
        assert [timeless(line) for line in shown.splitlines()] == [
            "1 deployment: 2 DEPLOYED",
            "Health: 2 HEALTHY",
            "",
            "DEPLOYMENT   CHART              GENERATION   STATUS       HEALTH",
            "fleet/shop   charts/web 1.0.0   1            2 DEPLOYED   2 HEALTHY",
        ]
        assert GREEN_DEPLOYED in screen.raw

        await Helm.at(fleet.home, members["paris"].kubeconfig)("uninstall", "shop", "--namespace", "default")
        await screen.shows("There is no release with this name.")  # before, it may show as DELETING
        shown = await screen.shows("1 NOT_INSTALLED, 1 DEPLOYED   1 MISSING, 1 HEALTHY")  # the last line
        assert [timeless(line) for line in shown.splitlines()] == [
            "1 deployment: 1 NOT_INSTALLED, 1 DEPLOYED",
            "Health: 1 MISSING, 1 HEALTHY",
            "",
            "DEPLOYMENT   CLUSTER   STATUS          SINCE      WHY",
            "fleet/shop   paris     NOT_INSTALLED <age> There is no release with this name.",
            "",
            "DEPLOYMENT   CHART              GENERATION   STATUS                        HEALTH",
            "fleet/shop   charts/web 1.0.0   1            1 NOT_INSTALLED, 1 DEPLOYED   1 MISSING, 1 HEALTHY",
        ]
        await fleet.fine("reconcile", "fleet/shop")
        await screen.shows("1 deployment: 2 DEPLOYED")
        screen.type("\x03")
        assert await screen.ended() == 0


async def test_a_watch_outlives_a_restart_of_the_api(fleet: Polyhelm) -> None:
    services = fleet.stack.services
    address = services.settings.model_copy(update={"port": 0})
    first = listen(address)
    same = address.model_copy(update={"port": first.getsockname()[1]})
    server = f"http://127.0.0.1:{same.port}"
    async with AsyncExitStack() as api, terminal(fleet, "status", "--watch", POLYHELM_SERVER=server) as screen:
        await api.enter_async_context(running(run_api(services, first)))
        await screen.shows("Nothing is deployed.")
        await api.aclose()
        first.close()
        await screen.shows(f"{server} is unreachable: ")
        await fleet.stack.create(releaseName="shop")
        async with running(run_api(services, listen(same))):
            await screen.shows("fleet/shop")
            screen.type("\x03")
            assert await screen.ended() == 0


async def test_a_change_is_asked_about_and_followed_with_a_bar_for_each_cluster(fleet: Polyhelm) -> None:
    async with terminal(fleet, "deploy", "apply", "-f", "shop.yaml") as screen:
        await screen.shows("Apply? [y/N]:")
        screen.type("y\n")
        shown = await screen.shows("fleet/shop is up to date: generation 1.")
        assert await screen.ended() == 0
    bars = [line.split() for line in shown.splitlines() if "━" in line]
    assert sorted((words[0], words[2], words[4:]) for words in bars) == [
        ("all", "2/2", []),
        ("berlin", "1/1", ["installed"]),
        ("paris", "1/1", ["installed"]),
    ]


async def test_an_interrupted_wait_says_that_the_server_continues(fleet: Polyhelm, members: dict[str, Member]) -> None:
    await fleet.stack.deployed(releaseName="shop")
    async with terminal(fleet, "deploy", "apply", "-f", "shop.yaml") as screen:
        await screen.shows("Apply? [y/N]:")
        members["paris"].faults.hang = True
        screen.type("y\n")
        await screen.shows("waiting for cluster")
        screen.type("\x03")
        await screen.shows("The server continues. To stop it: polyhelm operation cancel ")
        assert await screen.ended() == 130
    members["paris"].faults.hang = False
    assert (await fleet("deploy", "wait", "fleet/shop", "-q")).code == 0


async def test_answering_no_changes_nothing(fleet: Polyhelm) -> None:
    async with terminal(fleet, "deploy", "apply", "-f", "shop.yaml") as screen:
        await screen.shows("Apply? [y/N]:")
        screen.type("\n")
        assert await screen.ended() == 1
    assert await fleet.fine("deploy", "ls", "-o", "name") == []


@pytest.mark.parametrize(("answer", "code", "left"), [("shop\n", 1, ["fleet/shop"]), ("fleet/shop\n", 0, [])])
async def test_a_deletion_names_the_object_and_asks_for_its_name(
    fleet: Polyhelm, answer: str, code: int, left: list[str]
) -> None:
    await fleet.stack.deployed(releaseName="shop")
    async with terminal(fleet, "deploy", "rm", "fleet/shop") as screen:
        shown = await screen.shows("Type fleet/shop to confirm:")
        assert "fleet/shop will be uninstalled from berlin, paris." in shown
        screen.type(answer)
        assert await screen.ended() == code
    assert await fleet.fine("deploy", "ls", "-o", "name") == left


@pytest.mark.parametrize("plain", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
async def test_there_are_no_colours_and_no_bars_where_they_are_not_wanted(
    fleet: Polyhelm, plain: dict[str, str]
) -> None:
    async with terminal(fleet, "deploy", "apply", "-f", "shop.yaml", "--yes", **plain) as screen:
        shown = await screen.shows("fleet/shop is up to date: generation 1.")
        assert await screen.ended() == 0
    assert b"\x1b" not in screen.raw
    assert "━" not in shown


async def test_a_token_is_typed_without_being_shown(fleet: Polyhelm) -> None:
    token = fleet.signed_in["POLYHELM_TOKEN"]
    address = fleet.signed_in.pop("POLYHELM_SERVER")
    fleet.signed_in.clear()
    async with terminal(fleet, "login", address) as screen:
        await screen.shows("API token:")
        async with asyncio.timeout(30):
            while not screen.raw.endswith(b"API token: "):  # noqa: ASYNC110 - the space comes once the echo is off
                await asyncio.sleep(0.01)
        screen.type(f"{token}\n")
        shown = await screen.shows("Signed in as admin at")
        assert await screen.ended() == 0
    assert token not in shown
