"""Clusters are sorted in their table; a cluster is edited, and confirmed, on its page."""

from playwright.async_api import Browser, expect

from simulator import Member
from tests.frontend.site import Site, opened
from tests.live import hands


async def test_credentials_and_name_are_changed_and_nothing_is_lost(
    site: Site, browser: Browser, shop: dict[str, Member]
) -> None:
    async with opened(browser, site) as page:
        await page.goto("/clusters/paris")
        await page.get_by_role("button", name="Edit").click()
        dialog = page.get_by_role("dialog", name="Edit paris")
        await dialog.get_by_label("New kubeconfig").fill(shop["berlin"].kubeconfig)
        await dialog.get_by_role("button", name="Save").click()
        await expect(dialog.get_by_text("This kubeconfig belongs to another cluster")).to_be_visible()
        await dialog.get_by_label("New kubeconfig").fill(shop["paris"].kubeconfig)
        await dialog.get_by_label("Name").fill("lutetia")
        await dialog.get_by_label("Labels").fill("tier=one")
        await dialog.get_by_role("button", name="Save").click()
        await expect(page.get_by_role("heading", name="lutetia")).to_be_visible()
        await expect(page.get_by_text("tier=one")).to_be_visible()
        await page.goto("/deployments/fleet/shop")
        await expect(page.get_by_role("article", name="lutetia: Deployed")).to_be_visible()


async def test_a_new_uid_is_confirmed_with_both_in_view(site: Site, browser: Browser, shop: dict[str, Member]) -> None:
    async with opened(browser, site) as page:
        was = hands.uid(shop["paris"])
        uid = hands.rebuild_kube_system(shop["paris"])
        await page.goto("/clusters/paris")
        await expect(page.get_by_text("Another cluster", exact=True)).to_be_visible()
        await page.get_by_role("button", name="Confirm the new uid…").click()
        dialog = page.get_by_role("dialog", name="Confirm paris")
        await expect(dialog.get_by_text(was)).to_be_visible()
        await expect(dialog.get_by_text(uid)).to_be_visible()
        await dialog.get_by_role("button", name="Confirm the new uid").click()
        await expect(page.get_by_text("Reachable", exact=True)).to_be_visible()
        await expect(page.get_by_role("button", name="Confirm the new uid…")).to_have_count(0)


async def test_a_table_is_sorted_by_the_head_of_a_column(site: Site, browser: Browser, shop: dict[str, Member]) -> None:
    async with opened(browser, site) as page:
        await page.goto("/clusters")
        table = page.get_by_role("table", name="Clusters")
        head = table.get_by_role("columnheader", name="Cluster", exact=True)
        for order, names in (("ascending", ["berlin", "paris", "tokyo"]), ("descending", ["tokyo", "paris", "berlin"])):
            await head.get_by_role("button").press("Enter")
            await expect(head).to_have_attribute("aria-sort", order)
            await expect(table.get_by_role("rowheader")).to_have_text(names)
