"""The strategy of rollouts in the form of a deployment."""

from typing import Any

from playwright.async_api import Browser, expect

from simulator import Member
from tests.frontend.site import PHONE, Site, findings, opened
from tests.frontend.test_accessibility import WIDTH

STORED = """{ deployment(group: "fleet", releaseName: "shop") { generation rollout { generation } strategy {
  waves { name size soak maxConcurrent select { text } approvals { required role }
    checksBefore { name } checks { name kind count spec }
} rollBackOn
} } }"""


async def stored(site: Site) -> Any:
    return (await site.stack.data(STORED))["deployment"]


async def test_waves_are_chosen_corrected_at_the_field_and_left_out_of_one_change(
    site: Site, browser: Browser, shop: dict[str, Member]
) -> None:
    async with opened(browser, site) as page:
        await page.goto("/deployments/fleet/shop/edit")
        await page.locator("summary", has_text="Rollout").click()
        await page.get_by_role("radio", name="In waves").check()
        first = page.get_by_role("group", name="Wave 1", exact=True)
        await first.get_by_label("Name").fill("canary")
        await first.get_by_label("Size").select_option("A number")
        await first.get_by_label("Wait afterwards").fill("soon")
        await first.get_by_text("Checks", exact=True).click()
        await page.get_by_role("button", name="Add a check after wave 1").click()
        check = page.get_by_role("group", name="Checks after wave 1")
        await check.get_by_label("Check", exact=True).fill("settings")
        await check.get_by_label("Measures").select_option("An object of the release")
        await check.get_by_label("Kind").fill("ConfigMap")
        await check.get_by_label("Object name").fill("shop")
        await check.get_by_label("Passes if").fill("size(data) >")
        await page.get_by_role("button", name="Add a wave").click()
        second = page.get_by_role("group", name="Wave 2", exact=True)
        await second.get_by_label("Name").fill("production")
        await second.get_by_label("Clusters at once").fill("5")
        await second.get_by_label("Only clusters that match a selector").check()
        await second.get_by_label("Cloud").fill("amazon|google")
        await second.get_by_label("Needs approval before it begins").check()
        await second.get_by_label("Approvals", exact=True).fill("2")
        await second.get_by_label("By users with the role").select_option("Approver")
        await page.get_by_label("Too many targets failed.").check()
        assert await findings(page) == []
        await page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        assert await page.evaluate(WIDTH) <= PHONE[0]

        await page.get_by_role("button", name="Show the plan").click()
        problem = "'soon' is not a duration such as 30s, 15m, 1h30m or 7d."
        await expect(first.get_by_role("alert").first).to_have_text(problem)
        await expect(first.get_by_label("Wait afterwards")).to_have_attribute("aria-invalid", "true")
        await first.get_by_label("Wait afterwards").fill("30m")
        await page.get_by_role("button", name="Show the plan").click()
        await expect(check.get_by_label("Passes if")).to_have_attribute("aria-invalid", "true")
        await check.get_by_label("Passes if").fill("size(data) > 0")
        await page.get_by_role("button", name="Show the plan").click()
        await page.get_by_role("button", name="Apply", exact=True).click()
        await expect(page.get_by_text("shop was changed.")).to_be_visible()
        usual = {"maxConcurrent": "100%", "soak": "0s", "checksBefore": [], "checks": []}
        spec = {"kind": "ConfigMap", "name": "shop", "namespace": None, "apiGroup": None, "fails": None}
        spec |= {"passes": "size(data) > 0"}
        settings = {"name": "settings", "kind": "OBJECT", "count": 1, "spec": spec}
        strategy = {
            "waves": [
                {**usual, "name": "canary", "size": "1", "soak": "30m", "approvals": None, "checks": [settings]}
                | {"select": {"text": "every cluster"}},
                {**usual, "name": "production", "size": "100%", "maxConcurrent": "5"}
                | {"select": {"text": "cloud=amazon|google"}, "approvals": {"required": 2, "role": "APPROVER"}},
            ],
            "rollBackOn": ["CHECK_FAILED", "TOO_MANY_FAILURES"],
        }
        assert await stored(site) == {"generation": 1, "rollout": None, "strategy": strategy}

        await page.goto("/deployments/fleet/shop/edit")
        await expect(second.get_by_label("Cloud")).to_have_value("amazon|google")
        await page.get_by_role("radio", name="All at once").check()
        await page.get_by_label("Only for this change").check()
        await page.get_by_role("textbox", name="Common values").fill("replicas: 3\n")
        await page.get_by_role("button", name="Show the plan").click()
        await page.get_by_role("button", name="Store this plan").click()
        await expect(page.get_by_text("Strategy override: all at once")).to_be_visible()
        await expect(page.get_by_text("Drift policy:")).to_have_count(0)
        await page.get_by_role("button", name="Apply", exact=True).click()
        await expect(page.get_by_text("The plan was applied.")).to_be_visible()
        await page.goto("/deployments/fleet/shop")
        await expect(page.get_by_role("article", name="tokyo: Deployed")).to_contain_text("revision 2")
        assert await stored(site) == {"generation": 2, "rollout": None, "strategy": strategy}
