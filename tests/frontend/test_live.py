"""An open page follows what happens: changes by hand, clusters that are cut off, an API that was away."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest_asyncio
from playwright.async_api import Browser, Route, expect
from playwright.async_api import Error as PlaywrightError

from simulator import Member
from tests.contract.helm import PACKAGED, Helm
from tests.frontend.site import Site, opened
from tests.live.client import followed_by
from tests.stack import eventually


@pytest_asyncio.fixture(loop_scope="session")
async def by_hand(shop: dict[str, Member], tmp_path: Path) -> AsyncIterator[Helm]:
    """Somebody's own Helm on paris."""
    home = tmp_path / "by-hand"
    home.mkdir()
    yield Helm.at(home, shop["paris"].kubeconfig, PACKAGED)


async def scale(helm: Helm, replicas: int) -> None:
    """What somebody does who does not know Polyhelm."""
    chart = helm.home / "web"
    if not chart.exists():
        (chart / "templates").mkdir(parents=True)
        (chart / "Chart.yaml").write_text("apiVersion: v2\nname: web\nversion: 1.0.0\n")
        (chart / "values.yaml").write_text("replicas: 1\ngreeting: Hello\n")
    values = helm.home / "values.json"
    values.write_text(json.dumps({"greeting": "Bonjour", "replicas": replicas}))
    await helm("upgrade", "shop", str(chart), "--namespace", "default", "--values", str(values))


async def test_a_manual_change_is_shown_with_its_reason_and_reverted_with_one_click(
    site: Site, browser: Browser, by_hand: Helm
) -> None:
    async with opened(browser, site) as fleet, opened(browser, site) as page:
        await fleet.goto("/")
        await page.goto("/deployments/fleet/shop")
        await expect(fleet.get_by_role("button", name="3 Deployed")).to_be_visible()
        await scale(by_hand, 5)
        await expect(fleet.get_by_role("link", name="shop on paris: Stale")).to_be_visible()
        await expect(fleet.get_by_role("button", name="1 Stale")).to_be_visible()
        paris = page.locator("[data-cluster=paris]")
        await expect(paris).to_have_attribute("data-status", "STALE")
        await expect(paris).to_contain_text("replicas: wanted 2, found 5; changed by hand at revision 2")
        await page.get_by_role("tab", name="Values").click()
        await expect(page.get_by_label("On", exact=True)).to_have_value("paris")
        await expect(page.get_by_role("row", name="replicas")).to_contain_text("(differs)")
        await page.get_by_role("tab", name="Targets").click()

        await paris.get_by_role("button", name="Reconcile", exact=True).press("Enter")
        await expect(paris).to_have_attribute("data-status", "DEPLOYED")
        await expect(page.get_by_role("article", name="paris: Deployed")).to_be_focused()
        await expect(fleet.get_by_role("link", name="shop on paris: Deployed")).to_be_visible()
        await page.get_by_role("tab", name="Operations").click()
        operation = page.locator(".operation").filter(has_text="Reconcile")
        await expect(operation.get_by_text("Succeeded").first).to_be_visible()
        await expect(operation).to_contain_text("upgrade")


async def test_activity_shows_each_event_as_it_happens_with_a_link_to_its_subject(
    site: Site, browser: Browser, by_hand: Helm
) -> None:
    async with opened(browser, site) as page:
        await page.goto("/activity")
        await expect(page.get_by_text("shop on paris is DEPLOYED.")).to_be_visible()
        await scale(by_hand, 6)
        # There is one more wherever the observer was late in between.
        told = page.get_by_role("link", name=re.compile(r"shop on paris is STALE\. replicas: wanted 2, found 6")).first
        await expect(told).to_be_visible()
        await page.get_by_role("button", name="Clusters").click()
        await expect(told).to_be_hidden()
        await page.get_by_role("button", name="Clusters").click()
        await told.click()
        await expect(page.get_by_role("article", name="paris: Stale")).to_be_visible()


async def test_a_cluster_that_is_cut_off_turns_unknown_and_back(
    site: Site, browser: Browser, shop: dict[str, Member]
) -> None:
    async with opened(browser, site) as page, opened(browser, site) as clusters:
        await page.goto("/deployments/fleet/shop")
        await clusters.goto("/clusters/tokyo")
        tokyo = page.locator("[data-cluster=tokyo]")
        await expect(tokyo).to_have_attribute("data-status", "DEPLOYED")
        shop["tokyo"].faults.down = True
        await expect(tokyo).to_have_attribute("data-status", "UNKNOWN")
        await expect(tokyo).to_contain_text("cannot be reached")
        await expect(clusters.get_by_text("Unreachable")).to_be_visible()
        shop["tokyo"].faults.down = False
        await expect(tokyo).to_have_attribute("data-status", "DEPLOYED")
        await expect(clusters.get_by_text("Unreachable")).to_be_hidden()


async def test_a_lost_connection_is_shown_and_restored_without_missing_events(
    site: Site, browser: Browser, by_hand: Helm
) -> None:
    lost = "The connection to Polyhelm is lost"
    async with opened(browser, site) as page, opened(browser, site) as clusters:
        await page.goto("/")
        await expect(page.get_by_role("link", name="shop on paris: Deployed")).to_be_visible()
        moving = await clusters.context.new_page()
        await moving.goto(site.url)
        await clusters.goto("/clusters")
        await expect(clusters.get_by_role("link", name="paris")).to_be_visible()
        await site.stop()
        await expect(page.get_by_text(lost)).to_be_visible()
        await expect(page.get_by_role("link", name="shop on paris: Deployed")).to_be_visible()
        # Where one goes meanwhile there is no answer yet, or not even the page's script.
        await clusters.get_by_role("tab", name="Groups").click()
        await expect(clusters.get_by_role("alert")).to_contain_text("Polyhelm is unreachable")
        await moving.get_by_role("link", name="Activity").click()
        await expect(moving).to_have_url(f"{site.url}/activity")
        await expect(moving.get_by_text(lost)).to_be_visible()
        await scale(by_hand, 7)
        site.start()
        await expect(page.get_by_text(lost)).to_be_hidden()
        await expect(clusters.get_by_role("link", name="fleet", exact=True)).to_be_visible()
        await expect(moving.get_by_role("heading", name="Activity")).to_be_visible()
        await expect(page.get_by_role("link", name="shop on paris: Stale")).to_be_visible()
        await scale(by_hand, 2)
        await expect(page.get_by_role("link", name="shop on paris: Deployed")).to_be_visible()


async def test_a_list_that_is_still_on_its_way_when_something_happens_arrives(
    site: Site, browser: Browser, shop: dict[str, Member]
) -> None:
    asked_again = asyncio.Event()
    asked: list[str] = []

    async def hold(route: Route) -> None:
        name = str((route.request.post_data_json or {}).get("operationName"))
        asked.append(name)
        if asked.count("FleetSummary") > 1:
            asked_again.set()
        if name == "FleetRows":
            await asked_again.wait()
        with suppress(PlaywrightError):  # The page may have given this request up.
            await route.continue_()

    async with opened(browser, site) as page:
        await page.route("**/graphql", hold)
        await page.goto("/")
        await page.wait_for_function("() => document.querySelector('.count')")
        await site.stack.group("another", [])
        await expect(page.get_by_role("rowheader")).to_have_count(3)


async def test_a_token_that_was_revoked_ends_the_session(site: Site, browser: Browser, shop: dict[str, Member]) -> None:
    fields = "... on ApiTokenPayload { token }"
    token = (await site.stack.mutate("createApiToken", fields, name="short"))["token"]
    async with opened(browser, site, token=token) as page:
        await page.goto("/")
        await expect(page.get_by_role("button", name="3 Deployed")).to_be_visible()
        await site.stack.mutate("revokeApiToken", "... on RevokeApiTokenPayload { name }", name="short")
        await expect(page.get_by_label("Password", exact=True)).to_be_visible()


async def test_a_page_follows_changed_permissions_and_keeps_an_unsaved_form(
    site: Site, browser: Browser, shop: dict[str, Member]
) -> None:
    made = await site.stack.mutate("createUser", "... on UserPayload { token }", name="ada", role="DEPLOYER")
    async with opened(browser, site, token=made["token"]) as page:
        await page.goto("/deployments/fleet/shop/edit")
        await page.get_by_label("Description").fill("Half of what is meant")
        await eventually(lambda: followed_by(site.stack, 1))
        fields = "... on RolePayload { member { role } }"
        async with page.expect_websocket():
            await site.stack.mutate("setRole", fields, user="ada", role="ADMIN")
        await eventually(lambda: followed_by(site.stack, 1))
        found = await site.stack.data('{ deployment(group: "fleet", releaseName: "shop") { id } }')
        await site.stack.update(found["deployment"]["id"], values={"replicas": 4})
        await expect(page.get_by_text("The deployment was changed in the meantime")).to_be_visible()
        await expect(page.get_by_label("Description")).to_have_value("Half of what is meant")


async def test_events_during_a_slow_list_request_are_shown_although_its_answer_is_older(
    site: Site, browser: Browser
) -> None:
    asked_again = asyncio.Event()
    held = asyncio.Event()
    count = 0

    async def hold(route: Route) -> None:
        nonlocal count
        name = (route.request.post_data_json or {}).get("operationName")
        if name != "Groups":
            return await route.continue_()
        count += 1
        if count > 1:
            asked_again.set()
            return await route.continue_()
        answer = await route.fetch()  # before there is any group
        held.set()
        await asked_again.wait()
        return await route.fulfill(response=answer)

    async with opened(browser, site) as page:
        await page.route("**/graphql", hold)
        await page.goto("/clusters?tab=groups")
        await held.wait()
        await eventually(lambda: followed_by(site.stack, 1))
        await site.stack.group("edge", [])
        await expect(page.get_by_role("link", name="edge")).to_be_visible()
