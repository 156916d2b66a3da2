"""A generation is promoted from the page of its deployment."""

import pytest
from playwright.async_api import Browser, expect

from tests.delivery.asking import until_verified
from tests.delivery.conftest import fleet, stack
from tests.frontend.site import Site, findings, opened

__all__ = ["fleet", "stack"]

pytestmark = pytest.mark.usefixtures("fleet")


async def test_the_dialog_shows_what_changes_and_the_history_where_a_generation_comes_from(
    site: Site, browser: Browser
) -> None:
    shop = await site.stack.deployed(releaseName="shop", values={"replicas": 2})
    await site.stack.deployed(releaseName="copy")
    await until_verified(site.stack, shop)
    async with opened(browser, site) as page:
        await page.goto("/deployments/fleet/shop")
        await page.get_by_role("button", name="Promote").click()
        dialog = page.get_by_role("dialog", name="Promote generation 1 of shop")
        perform = dialog.get_by_role("button", name="Promote", exact=True)
        await expect(perform).to_be_disabled()
        await dialog.get_by_label("To the deployment").select_option("fleet/copy")
        await expect(dialog.get_by_label("Changes on berlin")).to_contain_text('+  values: "{\\"replicas\\":2}"')
        assert await findings(page) == []
        await perform.click()
        await expect(page.get_by_role("heading", name="copy")).to_be_visible()
        await page.get_by_role("tab", name="History").click()
        await expect(page.get_by_text("promoted from fleet/shop, generation 1")).to_be_visible()

        await page.goto("/deployments/fleet/shop?tab=history")
        await page.get_by_role("button", name="Promote generation 1").click()
        await dialog.get_by_label("To the deployment").select_option("fleet/copy")
        await expect(dialog).to_contain_text("fleet/copy has this desired state already.")
        await expect(perform).to_be_disabled()
