"""Operations in the app: an operation that hangs is cancelled there, after a question."""

from collections.abc import Callable

from playwright.async_api import Browser, expect

from simulator import Member
from tests.frontend.site import Site, opened
from tests.operations.charts import with_hook
from tests.operations.test_cancel import hanging_install
from tests.stack import Stack, eventually


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
        await expect(operation).to_contain_text("installation cancelled")
        await expect(operation).to_contain_text("Cancelled by admin.")
        await expect(operation.get_by_role("button", name="Cancel operation")).to_have_count(0)


async def failed_deletion(stack: Stack, paris: Member) -> None:
    """A deployment whose pre-delete hook does not end in time."""
    await stack.fleet({"paris": paris.kubeconfig})
    await stack.upload(with_hook("pre-delete"))
    deployment_id = await stack.deployed(releaseName="shop", chart="charts/pre-delete", timeoutSeconds=2)
    paris.faults.stuck = True
    assert (await stack.settled(await stack.delete(deployment_id)))["state"] == "FAILED"


async def test_a_deletion_that_a_hook_stops_says_what_to_do_and_is_repeated_without_hooks(
    site: Site, browser: Browser, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    await failed_deletion(site.stack, paris)
    async with opened(browser, site) as page:
        await page.goto("/deployments/fleet/shop")
        target = page.locator(".target").filter(has_text="paris")
        await expect(target).to_contain_text("Repeat it without hooks (skipHooks) if a hook is the cause.")
        await target.get_by_role("button", name="Reconcile without hooks").click()
        await expect(page.get_by_text("shop is being reconciled on paris.")).to_be_visible()

        async def gone() -> bool:
            return not paris.objects("secrets")

        await eventually(gone)


async def test_a_deletion_by_force_and_without_hooks_is_asked_for_in_its_dialog(
    site: Site, browser: Browser, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    await failed_deletion(site.stack, paris)
    async with opened(browser, site) as page:
        await page.goto("/deployments/fleet/shop")
        await page.get_by_role("button", name="Delete").click()
        dialog = page.get_by_role("dialog", name="Delete shop")
        await expect(dialog.get_by_label("Skip the chart's hooks")).not_to_be_checked()
        await dialog.get_by_label("Force: leave behind releases that cannot be uninstalled").check()
        await dialog.get_by_role("textbox").fill("shop")
        await dialog.get_by_role("button", name="Delete", exact=True).click()

        async def gone() -> bool:
            return not (await site.stack.data("{ deployments { edges { node { id } } } }"))["deployments"]["edges"]

        await eventually(gone)
    assert paris.objects("secrets")[0]["metadata"]["labels"]["status"] == "uninstalling"
