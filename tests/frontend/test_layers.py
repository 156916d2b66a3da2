"""Layers of values in the pages: overrides by selector with the clusters that match, and where each value comes
from."""

from playwright.async_api import Browser, expect

from simulator import Member
from tests.frontend.site import Site, findings, opened

WANTED = """{ deployment(group: "fleet", releaseName: "shop") {
  selectorOverrides { select { text } valuesYaml } targetSelector { text } desired { targets listedTargets }
} }"""


async def test_an_override_by_selector_is_written_planned_and_explained(
    site: Site, browser: Browser, shop: dict[str, Member]
) -> None:
    clusters = (await site.stack.data("{ clusters { nodes { id name } } }"))["clusters"]["nodes"]
    ids = {cluster["name"]: cluster["id"] for cluster in clusters}
    payload = "... on ClusterPayload { cluster { id } }"
    for name in ("berlin", "tokyo"):
        await site.stack.mutate("updateCluster", payload, id=ids[name], labels={"tier": "test"})
    async with opened(browser, site) as page:
        await page.goto("/deployments/fleet/shop/edit")
        await page.get_by_role("button", name="Override by selector").click()
        selector = page.get_by_role("group", name="For clusters with")
        await expect(selector.get_by_role("status")).to_have_text("Matches 3: berlin, paris, tokyo")
        await selector.get_by_label("Labels").fill("tier")
        await expect(selector.get_by_role("status")).to_contain_text("“tier” is not a label")
        await expect(page.get_by_role("button", name="Show the plan")).to_be_disabled()
        await selector.get_by_label("Labels").fill("tier=test|stage")
        await expect(selector.get_by_role("status")).to_have_text("Matches 2: berlin, tokyo")
        await selector.get_by_label("Kubernetes version").fill("newest")
        await expect(selector.get_by_role("status")).to_contain_text("'newest' is not a version constraint")
        await selector.get_by_label("Kubernetes version").fill("")
        await page.get_by_role("textbox", name="Values for tier=test|stage").fill(
            "greeting: From ${{ cluster.name }}\nunknown: 1\n"
        )
        await page.get_by_label("Choose clusters by a selector").check()
        targets = page.get_by_role("group", name="Target selector")
        await targets.get_by_label("Labels").fill("tier=test")
        await expect(targets.get_by_role("status")).to_have_text("Matches 2: berlin, tokyo")
        await page.get_by_role("checkbox", name="paris").check()
        assert await findings(page) == []
        await page.get_by_role("button", name="Show the plan").click()
        await expect(page.locator("[data-cluster=tokyo]")).to_have_attribute("data-action", "UPGRADE")
        await expect(page.locator("[data-cluster=paris]")).to_have_attribute("data-action", "NONE")
        warning = "override 1 by selector: unknown is neither among the chart's defaults nor in its values schema."
        await expect(page.get_by_text(warning)).to_be_visible()
        await page.get_by_role("button", name="Apply", exact=True).click()
        await expect(page.get_by_role("article", name="tokyo: Deployed")).to_contain_text("revision 2")
        assert (await site.stack.data(WANTED))["deployment"] == {
            "selectorOverrides": [
                {
                    "select": {"text": "tier=test|stage"},
                    "valuesYaml": "unknown: 1\ngreeting: From ${{ cluster.name }}\n",
                }
            ],
            "targetSelector": {"text": "tier=test"},
            "desired": {"targets": ["berlin", "paris", "tokyo"], "listedTargets": ["paris"]},
        }

        await page.goto("/deployments/fleet/shop?tab=values&cluster=tokyo")
        row = page.get_by_role("row", name="greeting")
        await expect(row).to_contain_text("From tokyo")
        await expect(row).to_contain_text('tier=test|stage; From ${{ cluster.name }}; hides "Hello" (chart)')
        await page.get_by_label("Compare with").select_option("paris")
        await expect(page.get_by_role("row", name="greeting")).to_contain_text("From tokyo")
        await expect(page.get_by_role("row", name="greeting")).to_contain_text("Bonjour override")
        assert await findings(page) == []

        await page.goto("/deployments/fleet/shop/edit")
        await expect(page.get_by_role("tab", name="tier=test|stage")).to_be_visible()
        await expect(page.get_by_role("group", name="Target selector").get_by_label("Labels")).to_have_value(
            "tier=test"
        )

        await site.stack.mutate("updateCluster", payload, id=ids["berlin"], labels={})
        await page.goto("/deployments/fleet/shop")
        await expect(page.get_by_text("The target selector no longer matches berlin.")).to_be_visible()
