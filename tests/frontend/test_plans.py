"""The page of a stored plan: what it shows, who may do what there, and why not."""

from collections.abc import Callable

from playwright.async_api import Browser, expect

from app.tables.identity import Role
from simulator import Member
from tests.frontend.site import Site, opened
from tests.identity.callers import token_of
from tests.plans.planned import create, made, said
from tests.real.fleet import upload_files
from tests.real.test_definitions import widgets
from tests.sample_charts import chart_files


async def test_a_plan_is_discussed_approved_by_another_user_and_applied_on_its_page(
    site: Site, browser: Browser, simulated: Callable[[str], Member]
) -> None:
    await site.stack.fleet({"paris": simulated("paris").kubeconfig})
    plan = await made(site.stack, **create(values={"replicas": 3}), requiredApprovals=1, comment="For the sale.")
    async with opened(browser, site) as page:
        await page.goto(f"/plans/{plan['id']}")
        await expect(page.get_by_role("heading", name="Plan: create shop")).to_be_visible()
        await expect(page.get_by_text("For the sale.")).to_be_visible()
        await expect(page.get_by_text("1 to install").first).to_be_visible()
        target = page.get_by_role("region", name="Targets")
        await target.get_by_text("Values", exact=True).click()
        await expect(page.get_by_role("region", name="Values on paris")).to_contain_text("+replicas: 3")
        apply, approve = (page.get_by_role("button", name=name, exact=True) for name in ("Apply", "Approve"))
        await expect(apply).to_be_disabled()
        await expect(page.get_by_text("The plan needs 1 more approval by others than its author.")).to_be_visible()
        await expect(approve).to_be_disabled()
        assert await approve.get_attribute("title") == "The author of a plan cannot approve or reject it."
        await page.get_by_label("Comment", exact=True).fill("Ready?")
        await page.get_by_role("button", name="Comment", exact=True).click()
        await expect(page.get_by_role("region", name="Comments")).to_contain_text("Ready?")
        found = await said(site.stack, "approvePlan", plan, await token_of(site.stack, Role.DEPLOYER))
        assert found["approvals"] == 1
        await expect(page.get_by_role("region", name="Comments")).to_contain_text("deployer-of-default approved")
        await expect(apply).to_be_enabled()
        await apply.click()
        await expect(page.get_by_text("The plan was applied.")).to_be_visible()
        await expect(apply).to_have_count(0)
        await page.goto("/deployments/fleet/shop?tab=plans")
        line = page.get_by_role("region", name="Plans").get_by_role("listitem")
        await expect(line).to_contain_text("Applied")
        await line.get_by_role("link", name="Create").click()
        await expect(page.get_by_role("heading", name="Plan: create shop")).to_be_visible()


async def test_a_plan_that_does_not_exist_says_so(site: Site, browser: Browser) -> None:
    async with opened(browser, site) as page:
        await page.goto("/plans/UGxhbjo5OTk5")
        await expect(page.get_by_role("heading", name="Plan not found")).to_be_visible()


async def test_a_plan_that_a_form_shows_can_be_stored_once_what_it_removes_is_allowed(
    site: Site, browser: Browser, simulated: Callable[[str], Member]
) -> None:
    await site.stack.fleet({"paris": simulated("paris").kubeconfig})
    for version, served in (("1.0.0", "v1"), ("2.0.0", "v2")):
        files = chart_files("defining", version) | {"crds/widgets.yaml": widgets("shop.test", served)}
        await upload_files(site.stack, files, "defining")
    given = {"chart": "charts/defining", "version": "1.0.0", "crdPolicy": "CREATE_REPLACE"}
    await site.stack.deployed(releaseName="shop", **given)
    async with opened(browser, site) as page:
        await page.goto("/deployments/fleet/shop/edit")
        store = page.get_by_role("button", name="Store this plan")
        await expect(store).to_be_disabled()
        await page.get_by_label("Chart version").select_option("2.0.0")
        show = page.get_by_role("button", name="Show the plan")
        refusal = page.get_by_text("would remove versions that are in use")
        allowed = page.get_by_label("Allow this change to remove versions in use from widgets.shop.test")
        await expect(allowed).to_be_hidden()
        await show.click()
        await expect(refusal).to_be_visible()
        await allowed.check()
        await show.click()
        await expect(refusal).to_be_hidden()
        await expect(store).to_be_enabled()
        await store.click()
        await expect(page.get_by_role("heading", name="Plan: update shop")).to_be_visible()
        await expect(page.get_by_role("button", name="Apply", exact=True)).to_be_enabled()
