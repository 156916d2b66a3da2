"""The page of a target: what runs there, as a tree that is used by keys, with the details of each object."""

from collections.abc import Callable

from playwright.async_api import Browser, Page, expect

from app.tables.identity import Role
from simulator import Member
from tests.frontend.site import Site, opened
from tests.identity.callers import token_of
from tests.resources.looking import deployed, until_health
from tests.resources.pods import add_pod, event, set_status

SHOP = "/deployments/fleet/shop/targets/paris"


async def keys(page: Page, pressed: str) -> None:
    for key in pressed.split():
        await page.keyboard.press(key)


async def test_the_tree_of_a_target_is_used_by_keys_and_shows_the_details_of_each_object(
    site: Site, browser: Browser, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    await deployed(site.stack, paris, "deployment", "secret")
    await until_health(site.stack, "HEALTHY")
    pod = add_pod(paris, "shop-1")
    paris.put("events", event(pod, "BackOff", "Back-off restarting", "2026-11-30T12:00:02Z", count=7))
    async with opened(browser, site) as page:
        await page.goto("/")
        await page.get_by_role("link", name="shop on paris: Deployed").click()
        await expect(page.get_by_role("heading", name="shop on paris")).to_be_visible()
        crumbs = page.get_by_role("navigation", name="Breadcrumb").get_by_role("link")
        await expect(crumbs).to_have_text(["Deployments", "fleet", "shop"])
        tree = page.get_by_role("treegrid", name="Resources of shop on paris")
        rows = tree.get_by_role("row")
        await expect(rows).to_have_count(6)
        levels = [await row.get_attribute("aria-level") for row in await rows.all()]
        kinds = [await row.get_attribute("data-kind") for row in await rows.all()]
        assert list(zip(levels, kinds, strict=True)) == [
            ("1", "Release"),
            ("2", "Deployment"),
            ("3", "ReplicaSet"),
            ("4", "Pod"),
            ("5", "Container"),
            ("2", "Secret"),
        ]

        await tree.locator("[tabindex='0']").focus()
        await keys(page, "ArrowDown ArrowLeft")
        await expect(rows).to_have_count(3)
        await keys(page, "ArrowRight ArrowDown ArrowDown Enter")
        panel = page.get_by_role("region", name="Pod shop-1")
        await expect(panel).to_contain_text("registry.test/web:1.0")
        await panel.get_by_role("tab", name="Events").click()
        await expect(panel.get_by_role("list", name="Events of Pod shop-1")).to_contain_text("7 times")
        await panel.get_by_role("tab", name="YAML").click()
        yaml = panel.get_by_role("region", name="YAML")
        await expect(yaml).to_contain_text("nodeName: node-1")
        await expect(yaml.locator("span", has_text="nodeName")).to_have_attribute("style", "color: var(--accent);")
        await panel.get_by_label("Find in the YAML").fill("NODENAME: n")
        await expect(panel.get_by_text("1 match", exact=True)).to_be_visible()
        await keys(page, "Escape")
        await expect(panel).to_have_count(0)
        await expect(tree.locator("[data-kind=Pod]")).to_be_focused()

        await keys(page, "End Enter")
        secret = page.get_by_role("region", name="Secret shop").get_by_role("region", name="YAML")
        await page.get_by_role("tab", name="YAML").click()
        await expect(secret).to_contain_text("password: ••••••••")
        await expect(page).to_have_url(f"{site.url}{SHOP}?object=%2FSecret%2Fdefault%2Fshop&view=yaml")
        await page.get_by_role("button", name="Close").click()

        failure = {
            "name": "web",
            "ready": False,
            "restartCount": 3,
            "state": {"waiting": {"reason": "CrashLoopBackOff"}},
        }
        set_status(paris, "shop-1", containerStatuses=[failure], conditions=[{"type": "Ready", "status": "False"}])
        report_failure(paris)
        pods = tree.locator("[data-kind=Pod]")
        await expect(pods).to_have_attribute("data-health", "DEGRADED")
        await expect(pods).to_contain_text("3 restarts")
        await expect(page.get_by_role("article")).to_contain_text("Degraded")
        await page.get_by_role("button", name="Degraded").click()
        await expect(tree.locator("[data-kind=Secret]")).to_have_count(0)
        await expect(pods).to_be_visible()


def report_failure(member: Member) -> None:
    """The deployment reports that its rollout has failed, as its controller would."""
    resource = member.catalog.find("apps", "v1", "deployments")
    assert resource is not None
    found = member.operations.get(resource, "default", "shop").object()
    why = {"reason": "ProgressDeadlineExceeded", "message": "The rollout does not progress."}
    found["status"] = {**found["status"], "conditions": [{"type": "Progressing", "status": "False", **why}]}
    member.operations.update(resource, "default", "shop", found, status=True, dry_run=False)


async def test_values_and_history_of_one_target_are_on_its_page(
    site: Site, browser: Browser, shop: dict[str, Member]
) -> None:
    viewer = await token_of(site.stack, Role.VIEWER)
    async with opened(browser, site, token=viewer) as page:
        await page.goto(f"{SHOP}?tab=values")
        await expect(page.get_by_role("row", name="greeting")).to_contain_text("Bonjour")
        await page.get_by_role("tab", name="History").click()
        await expect(page.get_by_role("region", name="History")).to_contain_text("Create generation 1")
        logs = page.get_by_role("tab", name="Logs")
        await expect(logs).to_be_disabled()
        await expect(logs).to_have_attribute(
            "title", "You need the permission logs.read. Ask an admin of the organization for it."
        )
        await expect(page.get_by_role("button", name="Edit deployment")).to_be_disabled()
