"""Drift of live objects in the app, on real control planes: marked, explained, and ignored by a suggested rule."""

import pytest
from playwright.async_api import Browser, expect

from tests.drift.looking import until_drift
from tests.frontend.site import opened, serving
from tests.real.conftest import NewFleet
from tests.real.test_live_drift import edit
from tests.resources.charts import chart

pytestmark = pytest.mark.xdist_group("kubernetes")


async def test_a_difference_that_targets_share_is_explained_and_ignored_by_a_rule_with_a_plan(
    new_fleet: NewFleet, browser: Browser
) -> None:
    async with new_fleet() as fleet, serving(fleet.stack) as site, opened(browser, site) as page:
        stack, release = fleet.stack, fleet.release
        await stack.upload(chart("config-map", version="2.0.0"))
        deployment_id = await fleet.deployed(version="2.0.0", liveDrift="REPORT")
        for hand in fleet.hands.values():
            await edit(hand, f"configmaps/{release}", {"data": {"tag": "9"}})
        for cluster in fleet.hands:
            await until_drift(stack, deployment_id, "DRIFTED", "ConfigMap /data/tag", cluster=cluster)
        await page.goto(f"/deployments/fleet/{release}")
        await expect(page.get_by_role("button", name="3 Objects drifted")).to_be_visible()
        await page.locator("[data-cluster=paris]").get_by_role("link", name="Drifted").click()
        tree = page.get_by_role("treegrid")
        await expect(tree.get_by_role("row")).to_have_count(2)
        await tree.locator("[data-kind=ConfigMap]").click()
        await page.get_by_role("tab", name="Drift").click()
        found = page.get_by_role("list", name="Differences")
        await expect(found).to_contain_text("/data/tag")
        for text in ("1.0", "9", "kubectl-edit"):
            await expect(found).to_contain_text(text)

        await page.get_by_role("navigation", name="Breadcrumb").get_by_role("link", name=release).click()
        await page.get_by_role("link", name="Ignore on all targets").click()
        await expect(page.get_by_label("Paths")).to_have_value("/data/tag")
        await expect(page.get_by_label("Drift of live objects")).to_have_value("REPORT")
        await page.get_by_role("button", name="Show the plan").click()
        await page.get_by_role("button", name="Apply", exact=True).click()
        await expect(page.get_by_role("heading", name=release, exact=True)).to_be_visible()
        await expect(page.get_by_role("button", name="Objects drifted")).to_have_count(0)
        await page.get_by_role("article", name="paris").get_by_role("link", name="paris").click()
        await page.locator("[data-kind=ConfigMap]").click()
        await page.get_by_role("tab", name="Drift").click()
        await expect(page.get_by_role("list", name="Ignored differences")).to_contain_text("Ignored by")
