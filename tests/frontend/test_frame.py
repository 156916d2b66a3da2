"""The frame: sidebar, breadcrumbs, old addresses, the keys of the fleet's grid, long names and equal errors."""

import base64
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from playwright.async_api import Browser, Page, expect

from simulator import Member
from tests.frontend.site import Site, opened, serving
from tests.sample_charts import archive, chart_files
from tests.stack import Stack

FIRST = "prod-europe-west-1-customer-facing-a"
SECOND = "prod-europe-west-1-customer-facing-b"
THIRD = "prod-europe-west-2-customer-facing-a"


async def focused(page: Page, keys: str) -> str:
    """The text of what has the focus after these keys."""
    for key in keys.split():
        await page.keyboard.press(key)
    return str(await page.evaluate("async () => { await new Promise(r => setTimeout(r, 50)); return AT(); }"))


async def shop_id(stack: Stack) -> str:
    found = await stack.data('{ deployment(group: "fleet", releaseName: "shop") { id } }')
    return str(found["deployment"]["id"])


INSIDE = """e => e.lastChild.getBoundingClientRect().right
    <= e.closest("[role=rowheader]").getBoundingClientRect().right"""
AT = "window.AT = () => document.activeElement.dataset.at"


async def test_the_sidebar_counts_what_needs_attention_and_leads_to_every_page(
    site: Site, browser: Browser, shop: dict[str, Member]
) -> None:
    async with opened(browser, site) as page:
        await page.goto("/")
        main = page.get_by_role("navigation", name="Main")
        await expect(main.get_by_role("link")).to_have_text(
            ["Fleet", "Deployments", "Change windows", "Resources", "Clusters", "Workflows", "Activity", "Settings"]
        )
        shop["paris"].faults.down = True
        await site.stack.until_status(await shop_id(site.stack), "paris", "UNKNOWN")
        await expect(main.get_by_role("link", name="Fleet (1 target needs attention)")).to_be_visible()

        await main.get_by_role("link", name="Deployments").click()
        await page.get_by_role("link", name="shop").click()
        await expect(main.get_by_role("link", name="Deployments")).to_have_attribute("aria-current", "page")
        crumbs = page.get_by_role("navigation", name="Breadcrumb")
        await expect(crumbs.get_by_role("link")).to_have_text(["Deployments", "fleet"])
        for old, name in (("/secrets", "Secrets"), ("/tokens", "Tokens")):
            await page.goto(old)
            await expect(page).to_have_url(f"{site.url}/settings{old}")
            settings = page.get_by_role("navigation", name="Settings")
            await expect(settings.get_by_role("link", name=name)).to_have_attribute("aria-current", "page")


async def test_each_cell_of_the_fleet_is_reached_by_keys(
    new_stack: Callable[..., AbstractAsyncContextManager[Stack]], browser: Browser, simulated: Callable[[str], Member]
) -> None:
    """The first cell is empty: the release is not deployed to that cluster."""
    async with new_stack() as stack:
        await stack.fleet({name: simulated(name).kubeconfig for name in (FIRST, SECOND, THIRD)})
        await stack.deployed(releaseName="shop", targets=[SECOND])
        async with serving(stack) as site, opened(browser, site) as page:
            await page.goto("/")
            await expect(page.get_by_role("link", name=f"shop on {SECOND}: Deployed")).to_be_visible()
            await page.evaluate(AT)
            stops = page.locator("[role=grid] [data-at][tabindex='0']")
            await expect(stops).to_have_count(1)
            await stops.focus()
            assert await focused(page, "ArrowRight") == "0:0"
            assert await focused(page, "ArrowDown") == "1:0"
            assert await focused(page, "ArrowLeft") == "1:-1"
            assert await focused(page, "Control+End") == "2:0"
            assert await focused(page, "ArrowUp ArrowUp ArrowUp") == "-1:0"
            assert await focused(page, "Control+Home") == "0:-1"
            await expect(stops).to_have_count(1)

            # Where there is no room for the names, they lose parts of their middle, and stay different.
            await page.set_viewport_size({"width": 390, "height": 844})
            ends = page.get_by_role("rowheader").locator(".cut > :last-child")
            await expect(ends).to_have_text([FIRST[-8:], SECOND[-8:], THIRD[-8:]])
            kept = page.get_by_role("rowheader").locator(".cut > :not(.hidden, .start)")
            await expect(kept).to_have_text(["1", FIRST[-8:], SECOND[-8:], "2", THIRD[-8:]])
            for name in (FIRST, SECOND, THIRD):
                cut = page.get_by_role("rowheader", name=name).locator(".cut")
                assert await cut.evaluate(INSIDE)
                assert await cut.evaluate("e => e.children[1].scrollWidth > e.children[1].clientWidth")
            assert await focused(page, "ArrowDown") == "1:-1"
            await expect(page.locator(".full-name")).to_have_text(SECOND)


async def test_an_equal_error_of_many_clusters_is_one_entry(
    site: Site, browser: Browser, shop: dict[str, Member]
) -> None:
    stack = site.stack
    wrong = chart_files(version="2.0.0") | {"templates/config.yaml": '{{ fail "there is no database" }}'}
    await stack.upload(base64.b64encode(archive(wrong)).decode())
    await stack.settled(await stack.update(await shop_id(stack), version="2.0.0"))
    async with opened(browser, site) as page:
        await page.goto("/deployments/fleet/shop?tab=operations")
        results = page.locator(".operation").first.locator(".results > li")
        await expect(results).to_have_count(1)
        await expect(results).to_contain_text("berlin, paris, tokyo")
        await expect(results.get_by_text("there is no database").first).to_be_visible()
