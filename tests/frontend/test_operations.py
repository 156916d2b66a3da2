"""Operations in the app: an operation that hangs is cancelled there, after a question."""

from collections.abc import Callable

from playwright.async_api import Browser, expect

from simulator import Member
from tests.frontend.site import Site, opened
from tests.operations.test_cancel import hanging_install


async def test_an_operation_that_hangs_is_cancelled_after_a_question(
    site: Site, browser: Browser, simulated: Callable[[str], Member]
) -> None:
    await hanging_install(site.stack, simulated("paris"))
    async with opened(browser, site) as page:
        await page.goto("/deployments/fleet/shop?tab=operations")
        operation = page.locator(".operation").filter(has_text="Create generation 1")
        await expect(operation).to_contain_text("installing")
        await operation.get_by_role("button", name="Cancel operation").click()
        dialog = page.get_by_role("dialog", name="Cancel the create")
        await dialog.get_by_role("button", name="Keep running").click()
        await expect(dialog).to_have_count(0)
        await operation.get_by_role("button", name="Cancel operation").click()
        await dialog.get_by_role("button", name="Cancel operation").click()
        await expect(operation).to_contain_text("install cancelled")
        await expect(operation).to_contain_text("Cancelled by admin.")
        await expect(operation.get_by_role("button", name="Cancel operation")).to_have_count(0)
