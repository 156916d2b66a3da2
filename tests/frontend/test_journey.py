"""The way from nothing to a deployment on three clusters, and what one does then, as one does it: by clicking."""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.async_api import Browser, expect

from simulator import Member
from tests.frontend.journey import from_nothing
from tests.frontend.site import Site, opened
from tests.stack import TOKEN

NAMES = ("paris", "berlin", "tokyo")


async def test_from_nothing_to_a_deployment_on_three_clusters(
    site: Site, browser: Browser, simulated: Callable[[str], Member], tmp_path: Path
) -> None:
    async with opened(browser, site, token=None) as page:
        await page.goto("/")
        await page.get_by_role("button", name="Use an API token").click()
        await page.get_by_label("API token").fill("nobody's-token-at-all")
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("alert")).to_contain_text("This token is not valid")
        await page.get_by_label("API token").fill(TOKEN)
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("heading", name="No clusters yet")).to_be_visible()
        await from_nothing(page, {name: simulated(name).kubeconfig for name in NAMES}, tmp_path)


async def test_the_plan_that_is_shown_is_what_is_done(site: Site, browser: Browser, shop: dict[str, Member]) -> None:
    async with opened(browser, site) as page:
        await page.goto("/deployments/fleet/shop/edit")
        perform = page.get_by_role("button", name="Apply", exact=True)
        await expect(perform).to_be_disabled()
        await page.get_by_role("tab", name="paris").click()
        await page.get_by_role("textbox", name="Values for paris").fill("greeting: Salut\n")
        await page.get_by_role("button", name="Show the plan").click()
        plan = {"paris": "UPGRADE", "berlin": "NONE", "tokyo": "NONE"}
        for name, action in plan.items():
            await expect(page.locator(f"[data-cluster={name}][data-action={action}]")).to_be_visible()
        added = page.locator("[data-cluster=paris] .diff .add").first
        await expect(added).to_contain_text("Salut")
        await expect(added).to_be_in_viewport()
        change = page.locator("[data-cluster=paris]").get_by_role("row", name="greeting")
        await expect(change.get_by_role("cell")).to_have_text(["Salut", "Bonjour", "override"])

        # Whoever changes something after the plan has not seen what would be done.
        await page.get_by_text("Options", exact=True).click()
        await page.get_by_label("Wait until").check()
        await expect(perform).to_be_disabled()
        await page.get_by_label("Wait until").uncheck()
        await perform.click()

        await page.get_by_role("tab", name="Operations").click()
        operation = page.locator(".operation").filter(has_text="Update generation 2")
        await expect(operation.get_by_text("Succeeded").first).to_be_visible()
        for name, action in plan.items():
            words = {"UPGRADE": "upgraded", "NONE": "unchanged"}[action]
            await expect(operation.get_by_role("listitem").filter(has_text=name)).to_contain_text(words)
        await page.get_by_role("tab", name="History").click()
        await expect(page.locator(".diff .cut")).to_contain_text("greeting: Bonjour")
        await expect(page.locator(".diff .add")).to_contain_text("greeting: Salut")
        await page.get_by_role("link", name="Go back to generation 1").click()
        await page.get_by_role("tab", name="paris").click()
        await expect(page.get_by_role("textbox", name="Values for paris")).to_contain_text("greeting: Bonjour")
        await expect(page).to_have_title("Edit shop · Polyhelm")
        await page.goto("/deployments/fleet/shop?tab=values&cluster=paris")
        row = page.get_by_role("row", name="greeting")
        await expect(row).to_contain_text("override")
        await expect(row.get_by_role("cell").nth(1)).to_have_text("Salut")


async def test_a_plan_for_an_old_generation_is_refused(site: Site, browser: Browser, shop: dict[str, Member]) -> None:
    async with opened(browser, site) as page:
        await page.goto("/deployments/fleet/shop/edit")
        await page.get_by_role("textbox", name="Common values").fill("replicas: 4\n")
        await page.get_by_role("button", name="Show the plan").click()
        await expect(page.get_by_text("Upgrade on 3")).to_be_visible()
        found = await site.stack.data('{ deployment(group: "fleet", releaseName: "shop") { id } }')
        await site.stack.update(found["deployment"]["id"], values={"replicas": 7})
        await page.get_by_role("button", name="Apply", exact=True).click()
        await expect(page.get_by_role("alert").first).to_contain_text("generation")
        found = await site.stack.data('{ deployment(group: "fleet", releaseName: "shop") { values } }')
        assert found["deployment"]["values"] == {"replicas": 7}


async def test_values_are_checked_by_the_charts_schema_while_they_are_written(
    site: Site, browser: Browser, shop: dict[str, Member]
) -> None:
    async with opened(browser, site) as page:
        await page.goto("/deployments/fleet/shop/edit")
        await page.get_by_role("textbox", name="Common values").fill("replicas: -1\n")
        await page.locator(".cm-lintRange-error").hover()
        await expect(page.locator(".cm-tooltip-lint")).to_contain_text("less than")
        await page.get_by_role("button", name="Show the plan").click()
        await expect(page.get_by_role("alert")).to_contain_text("replicas")


async def test_the_dialog_of_a_deletion_names_the_clusters_and_asks_for_the_name(
    site: Site, browser: Browser, shop: dict[str, Member]
) -> None:
    async with opened(browser, site) as page:
        await page.goto("/deployments/fleet/shop")
        opener = page.get_by_role("button", name="Delete")
        await opener.press("Enter")
        await page.keyboard.press("Escape")
        await expect(opener).to_be_focused()
        await opener.press("Enter")
        dialog = page.get_by_role("dialog")
        await expect(dialog).to_contain_text("uninstalled from 3 clusters: berlin, paris, tokyo")
        delete = dialog.get_by_role("button", name="Delete", exact=True)
        await expect(delete).to_be_disabled()
        await dialog.get_by_label("to confirm").fill("shop")
        await delete.click()
        await expect(dialog).to_be_hidden()
        await page.goto("/")
        await expect(page.get_by_text("0 targets")).to_be_visible()


async def test_a_token_is_created_shown_once_and_revoked(site: Site, browser: Browser) -> None:
    async with opened(browser, site) as page:
        await page.goto("/settings/tokens")
        await page.get_by_label("Name", exact=True).fill("laptop")
        await page.get_by_label("Scope", exact=True).select_option("Only default")
        await page.get_by_label("Role", exact=True).select_option("viewer")
        await page.get_by_label("Expires", exact=True).select_option("in 30 days")
        await page.get_by_role("button", name="Create token", exact=True).click()
        token = await page.locator(".note code").text_content()
        assert (await site.stack.data("{ viewer { name } memberships { role } }", token)) == {
            "viewer": {"name": "admin"},
            "memberships": [{"role": "VIEWER"}],
        }
        await expect(page.get_by_role("region", name="Your tokens")).to_contain_text("viewer only in default")
        await page.get_by_role("button", name="Revoke laptop").click()
        await page.get_by_label("to confirm").fill("laptop")
        await page.get_by_role("button", name="Revoke", exact=True).click()
        tokens = page.get_by_role("region", name="Your tokens")
        await expect(tokens).not_to_contain_text("laptop")
        await expect(tokens).to_be_focused()
        assert (await site.stack.data("{ viewer { name } }", token))["viewer"] is None


async def test_a_member_of_two_organizations_sees_one_and_can_choose_the_other(
    site: Site, browser: Browser, shop: dict[str, Member]
) -> None:
    await site.stack.mutate("createOrganization", "... on OrganizationPayload { name }", name="second")
    async with opened(browser, site) as page:
        await page.goto("/")
        await expect(page.get_by_role("button", name="3 Deployed")).to_be_visible()
        await page.get_by_label("Organization").select_option("second")
        await expect(page.get_by_role("heading", name="No clusters yet")).to_be_visible()


async def test_a_view_of_the_fleet_can_be_shared_by_its_address(
    site: Site, browser: Browser, shop: dict[str, Member]
) -> None:
    async with opened(browser, site) as page:
        await page.goto("/")
        await page.get_by_label("Cluster, release or chart").fill("par")
        await page.get_by_role("button", name="Deployed").click()
        await expect(page.get_by_role("rowheader")).to_have_count(1)
        await expect(page).to_have_url(re.compile(r"(?=.*q=par)(?=.*status=DEPLOYED)"))
        shared = page.url
    async with opened(browser, site) as page:
        await page.goto(shared)
        await expect(page.get_by_role("rowheader")).to_have_text(re.compile("paris"))
        await expect(page.get_by_role("button", name="1 Deployed")).to_have_attribute("aria-pressed", "true")


async def test_the_arrow_keys_go_from_cell_to_cell(site: Site, browser: Browser, shop: dict[str, Member]) -> None:
    async with opened(browser, site) as page:
        await page.goto("/")
        first = page.get_by_role("link", name="shop on berlin: Deployed")
        await first.focus()
        await page.keyboard.press("ArrowDown")
        await expect(page.get_by_role("link", name="shop on paris: Deployed")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page).to_have_url(re.compile("/deployments/fleet/shop/targets/paris$"))
        await expect(page.locator("#page")).to_be_focused()
        await expect(page.get_by_role("article", name="paris: Deployed")).to_be_visible()
