"""The fleet's page where there is more than can be seen: it draws what is seen, asks for what comes next, and follows
what happens. How fluent it is with 50,000 targets is measured by `make bench ARGS=matrix`."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from playwright.async_api import Browser, Page, expect

from tests.frontend.large import fail, fill, scrolled
from tests.frontend.site import opened, serving
from tests.stack import Stack

AN_HOUR = 3600
"""Nobody confirms these members: for so long that is taken for well."""


async def drawn(page: Page) -> int:
    return await page.locator("[data-at]").count()


async def test_a_fleet_of_many_clusters_is_loaded_as_one_scrolls_and_follows_what_happens(
    new_stack: Callable[..., AbstractAsyncContextManager[Stack]], browser: Browser
) -> None:
    async with new_stack(working=False, confirm_every=AN_HOUR) as quiet:
        target_id = await fill(quiet.services, 150, 24)
        async with serving(quiet) as site, opened(browser, site) as page:
            await page.goto("/")
            await expect(page.get_by_role("link", name="service-000 on cluster-0001: Deployed")).to_be_visible()
            await expect(page.get_by_text("3,600 targets, 150 clusters")).to_be_visible()
            assert await drawn(page) < 1_500
            last = page.get_by_role("rowheader", name="cluster-0150")
            while not await last.is_visible():
                await scrolled(page, down=100)
            assert await drawn(page) < 1_500

            await page.get_by_role("grid").evaluate("grid => grid.scrollTo(0, 0)")
            await fail(quiet.services, target_id)
            await expect(page.get_by_role("link", name="service-000 on cluster-0001: Failed")).to_be_visible()

            await page.get_by_label("Cluster, release or chart").fill("cluster-0077")
            await expect(page.get_by_role("rowheader")).to_have_count(1)
            await expect(page.get_by_text("24 targets")).to_be_visible()


async def test_a_matrix_of_three_hundred_deployments_goes_on_to_its_last_column(
    new_stack: Callable[..., AbstractAsyncContextManager[Stack]], browser: Browser
) -> None:
    async with new_stack(working=False, confirm_every=AN_HOUR) as quiet:
        await fill(quiet.services, 12, 300)
        async with serving(quiet) as site, opened(browser, site) as page:
            await page.goto("/")
            await expect(page.get_by_role("link", name="service-000 on cluster-0001: Deployed")).to_be_visible()
            assert await drawn(page) < 1_500
            last = page.get_by_role("columnheader", name="service-299")
            while not await last.is_visible():
                await scrolled(page, right=200)
            assert await page.get_by_role("grid").get_attribute("aria-colcount") == "301"
            await expect(page.get_by_role("link", name="service-299 on cluster-0012: Deployed")).to_be_visible()

            await page.get_by_role("link", name="service-299 on cluster-0012").focus()
            await page.keyboard.press("ArrowLeft")
            await expect(page.get_by_role("link", name="service-298 on cluster-0012")).to_be_focused()
