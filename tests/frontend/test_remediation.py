"""The remediation of failures in the app: the option of the form, and the hold of a target, which is lifted there."""

from collections.abc import Callable

from playwright.async_api import Browser, expect

from simulator import Member
from tests.frontend.site import Site, opened
from tests.operations.charts import with_failing_hook

STORED = """{ deployment(group: "fleet", releaseName: "shop") { remediation { retries remedy } } }"""


async def test_the_remedy_is_chosen_in_the_form_and_the_hold_is_shown_and_lifted(
    site: Site, browser: Browser, simulated: Callable[[str], Member]
) -> None:
    stack = site.stack
    await stack.fleet({"paris": simulated("paris").kubeconfig})
    await stack.upload(with_failing_hook())
    shop = await stack.deployed(releaseName="shop", chart="charts/failing")
    async with opened(browser, site) as page:
        await page.goto("/deployments/fleet/shop/edit")
        await page.locator("summary", has_text="Options").click()
        await page.get_by_label("After a failed install or upgrade").select_option("Uninstall the release")
        await page.get_by_label("Retries before that").fill("1")
        await page.get_by_role("button", name="Show the plan").click()
        await page.get_by_role("button", name="Apply", exact=True).click()
        await expect(page.get_by_text("shop was changed.")).to_be_visible()
        assert (await stack.data(STORED))["deployment"]["remediation"] == {"retries": 1, "remedy": "UNINSTALL"}

        answer = await stack.update(shop, values={"phase": "Failed"})
        assert (await stack.settled(answer))["state"] == "FAILED"
        await page.goto("/deployments/fleet/shop")
        await expect(page.locator(".target").filter(has_text="paris")).to_contain_text("Generation 2 is on hold here")
        await page.goto("/deployments/fleet/shop/targets/paris")
        await expect(page.get_by_role("article")).to_contain_text("Its release was uninstalled.")
        await page.get_by_role("button", name="Lift hold").click()
        await expect(page.get_by_text("Hold lifted.")).to_be_visible()
