"""The pages on real control planes: a change by hand shows, and one click reverts it."""

import json
import secrets
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.contract.helm import Helm
from tests.frontend.journey import from_nothing
from tests.frontend.site import opened, serving
from tests.kubernetes.member import Member
from tests.real.conftest import NewFleet
from tests.stack import Stack

pytestmark = pytest.mark.xdist_group("kubernetes")

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]


async def shows(page: Page, cluster: str, status: str) -> None:
    await expect(page.locator(f"[data-cluster={cluster}]")).to_have_attribute("data-status", status)


async def test_a_manual_change_on_a_real_member_is_shown_and_reverted_with_one_click(
    new_fleet: NewFleet, browser: Browser
) -> None:
    async with new_fleet() as fleet, serving(fleet.stack) as site, opened(browser, site) as page:
        await fleet.deployed(values={"name": "shop"})
        await page.goto(f"/deployments/fleet/{fleet.release}")
        paris = fleet.hands["paris"]
        card = page.locator("[data-cluster=paris]")
        await shows(page, "paris", "DEPLOYED")
        await paris("upgrade", fleet.release, paris.chart(), "--reuse-values", "--set", "replicas=5")
        await shows(page, "paris", "STALE")
        await expect(card).to_contain_text("replicas: wanted nothing, found 5; changed by hand at revision")
        await card.get_by_role("button", name="Reconcile", exact=True).click()
        await shows(page, "paris", "DEPLOYED")
        assert await paris.values(fleet.release) == {"name": "shop"}


async def test_from_nothing_to_a_deployment_on_three_clusters_and_on_when_the_api_was_restarted(
    new_stack: NewStack, members: Mapping[str, Member], helm: Path, browser: Browser, tmp_path: Path
) -> None:
    namespace = f"pages-{secrets.token_hex(4)}"
    kubeconfigs = {name: member.kubeconfig for name, member in members.items()}
    by_hand = Helm.at(tmp_path, kubeconfigs["tokyo"], str(helm))
    async with new_stack() as stack, serving(stack) as site, opened(browser, site) as page:
        await from_nothing(page, kubeconfigs, tmp_path, namespace=namespace)
        await site.stop()
        await expect(page.get_by_text("The connection to Polyhelm is lost")).to_be_visible()
        await by_hand("uninstall", "shop", "--namespace", namespace)
        site.start()
        await expect(page.get_by_text("The connection to Polyhelm is lost")).to_be_hidden()
        await expect(page.get_by_role("link", name="shop on tokyo: Not installed")).to_be_visible()
        await page.get_by_role("link", name="shop on tokyo").click()
        await page.get_by_role("button", name="Install", exact=True).click()
        await expect(page.get_by_role("article", name="tokyo: Deployed")).to_be_visible()

        await page.get_by_role("navigation", name="Breadcrumb").get_by_role("link", name="shop").click()
        await page.get_by_role("button", name="Delete", exact=True).click()
        await page.get_by_label("to confirm").fill("shop")
        await page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
        await expect(page.get_by_role("heading", name="Deployment not found", exact=True)).to_be_visible()
    assert json.loads(await by_hand("list", "--all", "--namespace", namespace, "--output", "json")) == []


async def test_the_plan_is_what_is_done_and_a_stopped_member_is_unknown_until_it_is_back(
    new_fleet: NewFleet, browser: Browser
) -> None:
    async with new_fleet() as fleet, serving(fleet.stack) as site, opened(browser, site) as page:
        await fleet.deployed(values={"name": "shop"})
        await page.goto(f"/deployments/fleet/{fleet.release}/edit")
        await page.get_by_label("Override values for a cluster").select_option("tokyo")
        await page.get_by_role("textbox", name="Values for tokyo").fill("replicas: 3\n")
        await page.get_by_role("button", name="Show the plan").click()
        plan = {"paris": "NONE", "berlin": "NONE", "tokyo": "UPGRADE"}
        for name, action in plan.items():
            shown = page.locator(f"[data-cluster={name}][data-action={action}]")
            await expect(shown).to_be_visible()
        await page.get_by_role("button", name="Apply", exact=True).click()
        await expect(page.get_by_role("article", name="tokyo: Deployed")).to_contain_text("revision 2")
        for name, hand in fleet.hands.items():
            revisions = len(await hand.history(fleet.release))
            assert revisions == (2 if plan[name] == "UPGRADE" else 1)
        async with fleet.hands["tokyo"].member.stopped():
            await shows(page, "tokyo", "UNKNOWN")
        await shows(page, "tokyo", "DEPLOYED")
