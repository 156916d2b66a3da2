"""Services in the pages."""

from playwright.async_api import Browser, expect

from tests.frontend.site import Site, opened

SERVICE = '{ service(name: "dns") { definition stored { revision } } }'
DNS = """name: dns
chart: {repository: charts, name: dns}
versions: [{version: 1.9.0}, {version: 1.10.0}, {version: 1.11.0, state: WITHDRAWN}]
edges: [{from: 1.9.x, to: 1.10.0}]
"""


async def test_a_service_is_added_refused_changed_and_deleted(site: Site, browser: Browser) -> None:
    async with opened(browser, site) as page:
        await page.goto("/settings/services")
        region = page.get_by_role("region", name="Services")
        shipped = region.get_by_role("listitem").filter(has_text="ships with Polyhelm")
        await expect(shipped).to_have_count(3)
        await page.get_by_role("button", name="Add service", exact=True).click()
        dialog = page.get_by_role("dialog")
        editor = dialog.get_by_role("textbox", name="Definition")
        await editor.fill(DNS.replace("to: 1.10.0", "to: 1.12.0"))
        await dialog.get_by_role("button", name="Save", exact=True).click()
        await expect(dialog.get_by_role("alert")).to_contain_text(
            "edges.0.to: The definition does not have the version 1.12.0."
        )
        await editor.fill(DNS)
        await dialog.get_by_role("button", name="Save", exact=True).click()
        await expect(dialog).to_be_hidden()
        line = region.get_by_role("listitem").filter(has_text="revision 1, saved by admin")
        await expect(line).to_contain_text("3 versions")
        await expect(page.get_by_role("list", name="Warnings of dns")).to_contain_text("No route leads from 1.11.0")
        await line.get_by_text("Routes").click()
        await expect(page.get_by_role("list", name="Routes from 1.9.0")).to_contain_text("1.9.0 → 1.10.0")
        await page.get_by_role("button", name="Change dns").click()
        await expect(editor).to_contain_text("1.11.0")
        await editor.fill(DNS.replace(", state: WITHDRAWN", ""))
        await dialog.get_by_role("button", name="Save", exact=True).click()
        await expect(dialog).to_be_hidden()
        assert (await site.stack.data(SERVICE))["service"] == {
            "definition": DNS.replace(", state: WITHDRAWN", ""),
            "stored": {"revision": 2},
        }
        await page.get_by_role("button", name="Delete dns").click()
        await dialog.get_by_label("to confirm").fill("dns")
        await dialog.get_by_role("button", name="Delete", exact=True).click()
        await expect(dialog).to_be_hidden()
        await expect(page.get_by_role("button", name="Change dns")).to_have_count(0)
