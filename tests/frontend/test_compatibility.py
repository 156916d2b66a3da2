"""The page about API versions that a version of Kubernetes removes, and the migration of records."""

from collections.abc import Callable

from playwright.async_api import Browser, expect

from simulator import Member
from tests.frontend.site import PHONE, WIDE, Site, findings, opened
from tests.live import hands
from tests.operations.test_api_migration import age, installed, until_listed

WIDTHS = (PHONE, WIDE, (1920, 1080))


async def test_a_version_is_chosen_its_removals_are_shown_and_the_records_are_migrated(
    site: Site, browser: Browser, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    await installed(site.stack, {"paris": paris.kubeconfig})
    age(paris)
    await until_listed(site.stack, 1)
    async with opened(browser, site) as page:
        await page.goto("/clusters")
        await page.get_by_role("link", name="Kubernetes API versions").click()
        await expect(page.get_by_text("Kubernetes 1.36: 1 removed, 0 deprecated")).to_be_visible()
        await page.get_by_label("Kubernetes version").select_option("1.16")
        await expect(page).to_have_url(f"{site.url}/compatibility?version=1.16")
        rows = page.get_by_role("table", name="Releases").get_by_role("row")
        await expect(rows).to_have_count(2)
        await expect(rows.nth(1)).to_contain_text("Removed in 1.16 Deployment shop: apps/v1beta1 → apps/v1")
        await page.get_by_label("State").select_option("Deprecated")
        await expect(page.get_by_text("No affected releases")).to_be_visible()
        await page.get_by_label("State").select_option("Removed")
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            for width, height in WIDTHS:
                await page.set_viewport_size({"width": width, "height": height})
                assert await findings(page) == [], (width, scheme)
                assert await page.evaluate("document.documentElement.scrollWidth") <= width
        await page.get_by_role("button", name="Plan migration").click()
        dialog = page.get_by_role("dialog", name="Migrate API versions")
        await expect(dialog).to_contain_text("1 release on 1 cluster")
        await expect(dialog.get_by_role("list", name="Plan")).to_contain_text("shop on paris · revision 1 → 2")
        assert await findings(page) == []
        await dialog.get_by_role("button", name="Migrate 1 release").click()
        await expect(page.get_by_text("Migration of 1 release started.")).to_be_visible()
        await expect(page.get_by_text("No affected releases")).to_be_visible()
        await expect(page.get_by_role("button", name="Plan migration")).to_be_disabled()
    assert hands.statuses(paris, "shop") == {1: "superseded", 2: "deployed"}
