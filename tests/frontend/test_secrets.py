"""Secrets in the pages: they are written and never read, and deployments take values from them."""

from playwright.async_api import Browser, expect

from simulator import Member
from tests.frontend.site import Site, opened

SECRETS = "{ secrets { nodes { name kind keys version } } }"
FIRST, SECOND = "canary-horse-1", "canary-staple-2"


async def test_a_secret_is_kept_referred_to_changed_and_deleted(
    site: Site, browser: Browser, shop: dict[str, Member]
) -> None:
    async with opened(browser, site) as page:
        await page.goto("/settings/secrets")
        await expect(page.get_by_role("heading", name="No secrets yet")).to_be_visible()
        await page.get_by_role("button", name="Add secret", exact=True).click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_label("Name").fill("shop-db")
        await dialog.get_by_label("Key").fill("password")
        await dialog.get_by_label("Value of password").fill(FIRST)
        await dialog.get_by_role("button", name="Add key", exact=True).click()
        await dialog.get_by_label("Key").nth(1).fill("user")
        await dialog.get_by_label("Value of user").fill("shop")
        await dialog.get_by_role("button", name="Save", exact=True).click()
        await expect(dialog).to_be_hidden()
        line = page.get_by_role("region", name="Secrets").get_by_role("listitem")
        await expect(line).to_contain_text("No deployment uses this secret.")

        await page.goto("/deployments/fleet/shop/edit")
        await page.get_by_role("tab", name="paris").click()
        await page.get_by_role("button", name="Use a value from a secret", exact=True).click()
        show = page.get_by_role("button", name="Show the plan")
        await expect(show).to_be_disabled()
        await page.get_by_label("Path in the values", exact=True).fill("name")
        await page.get_by_label("Secret").select_option("shop-db")
        await expect(page.get_by_label("Key")).to_have_value("password")
        await show.click()
        plan = page.locator("[data-cluster=paris][data-action=UPGRADE]")
        await expect(plan).to_contain_text("name: wanted the value password of the secret shop-db, found nothing")
        await page.get_by_role("button", name="Apply", exact=True).click()
        await expect(page.get_by_role("article", name="paris: Deployed")).to_contain_text("revision 2")
        assert FIRST not in await page.content()

        await page.goto("/settings/secrets")
        await expect(line.get_by_role("link", name="fleet/shop")).to_be_visible()
        await page.get_by_role("button", name="Change shop-db").click()
        await dialog.get_by_label("Value of password").fill(SECOND)
        await dialog.get_by_role("button", name="Remove user").click()
        await dialog.get_by_role("button", name="Save").click()
        await expect(line).to_contain_text("version 2")
        assert (await site.stack.data(SECRETS))["secrets"]["nodes"] == [
            {"name": "shop-db", "kind": "OPAQUE", "keys": ["password"], "version": 2}
        ]

        await page.goto("/deployments/fleet/shop?tab=values&cluster=paris&differing=1")
        row = page.get_by_role("row", name="name")
        await expect(row).to_contain_text("(differs)")
        await expect(row.get_by_role("cell").first).to_have_text("••••••••")
        await expect(row.get_by_role("cell").last).to_have_text("secret shop-db/password")
        await page.get_by_role("tab", name="Targets").click()
        paris = page.locator("[data-cluster=paris]")
        await expect(paris).to_have_attribute("data-status", "STALE")
        await expect(paris).to_contain_text("shop-db")
        await paris.get_by_role("button", name="Reconcile", exact=True).click()
        await expect(paris).to_have_attribute("data-status", "DEPLOYED")

        await page.goto("/settings/secrets")
        await page.get_by_role("button", name="Delete shop-db").click()
        await dialog.get_by_label("to confirm").fill("shop-db")
        await dialog.get_by_role("button", name="Delete", exact=True).click()
        await expect(dialog.get_by_role("alert")).to_contain_text("shop-db is used by shop")
