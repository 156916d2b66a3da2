"""Health rules in the pages."""

from playwright.async_api import Browser, expect

from simulator import Member
from tests.frontend.site import Site, opened

RULES = "{ healthRules { nodes { group kind current failed version } } }"


async def test_a_rule_is_tried_added_changed_and_deleted(site: Site, browser: Browser, shop: dict[str, Member]) -> None:
    async with opened(browser, site) as page:
        await page.goto("/settings/health-rules")
        await expect(page.get_by_role("heading", name="No health rules yet")).to_be_visible()
        await page.get_by_role("button", name="Add rule", exact=True).click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_label("Kind").fill("Certificate")
        await dialog.get_by_label("API group").fill("cert-manager.io")
        await dialog.get_by_role("button", name="Copy the shipped rule").click()
        await expect(dialog.get_by_label("Healthy if")).to_have_value(
            'status.?conditions.orValue([]).exists(c, c.type == "Ready" && c.status == "True")'
        )
        await dialog.get_by_label("Healthy if").fill("state.up")
        await dialog.get_by_role("button", name="Save", exact=True).click()
        await expect(dialog.get_by_role("alert")).to_contain_text("undeclared reference to 'state.up'")
        await dialog.get_by_label("Healthy if").fill("has(status.up)")
        await dialog.get_by_label("Degraded if").fill("")
        await dialog.get_by_role("button", name="Save", exact=True).click()
        await expect(dialog).to_be_hidden()
        line = page.get_by_role("region", name="Health rules").get_by_role("listitem")
        await expect(line).to_contain_text("replaces cert-manager")
        await page.get_by_role("button", name="Change Certificate").click()
        await dialog.get_by_label("Degraded if").fill("has(status.down)")
        await dialog.get_by_role("button", name="Save", exact=True).click()
        await expect(line).to_contain_text("version 2")
        assert (await site.stack.data(RULES))["healthRules"]["nodes"] == [
            {
                "group": "cert-manager.io",
                "kind": "Certificate",
                "current": "has(status.up)",
                "failed": "has(status.down)",
                "version": 2,
            }
        ]
        await page.get_by_role("button", name="Delete Certificate").click()
        await dialog.get_by_label("to confirm").fill("Certificate")
        await dialog.get_by_role("button", name="Delete", exact=True).click()
        await expect(page.get_by_role("heading", name="No health rules yet")).to_be_visible()
