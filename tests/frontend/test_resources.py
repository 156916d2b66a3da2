"""The search for resources of all clusters, and pages about live objects at the widths of a phone and two screens."""

import re
from collections.abc import Callable

from playwright.async_api import Browser, expect

from simulator import Member
from tests.frontend.site import PHONE, WIDE, Site, findings, opened
from tests.resources.looking import deployed, until_health
from tests.resources.pods import add_pod

WIDTHS = (PHONE, WIDE, (1920, 1080))
OBJECT = "object=apps%2FDeployment%2Fdefault%2Fshop"


async def test_resources_of_all_clusters_are_found_and_lead_to_their_target(
    site: Site, browser: Browser, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    await deployed(site.stack, paris, "deployment", "config-map", "ingress")
    await until_health(site.stack, "HEALTHY")
    add_pod(paris, "shop-1")
    target = "/deployments/fleet/shop/targets/paris"
    async with opened(browser, site) as page:
        await page.goto("/")
        await page.get_by_role("navigation", name="Main").get_by_role("link", name="Resources").click()
        rows = page.get_by_role("table", name="Resources").locator("[data-index]")
        await expect(rows).to_have_count(3)
        await page.get_by_label("Host or address").fill("shop.test")
        await expect(rows).to_have_count(1)
        await expect(rows).to_contain_text("shop.shop.test")
        await page.get_by_label("Host or address").fill("")
        await expect(rows).to_have_count(3)
        await page.get_by_label("Image").fill("*:1.0")
        await expect(rows).to_have_count(1)
        await page.get_by_role("button", name="Degraded").click()
        await expect(page.get_by_text("Nothing matches")).to_be_visible()
        await expect(page).to_have_url(re.compile(r"/resources\?.*image=.*&health=DEGRADED$"))
        await page.get_by_role("button", name="Degraded").click()
        await rows.get_by_role("link", name="shop", exact=True).click()
        await expect(page).to_have_url(f"{site.url}{target}?{OBJECT}")
        await expect(page.get_by_role("region", name="Deployment shop")).to_contain_text("registry.test/web:1.0")

        beyond = []
        for path in ("/resources", target, f"{target}?{OBJECT}", f"{target}?tab=logs"):
            for scheme in ("light", "dark"):
                await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
                await page.goto(path)
                await page.wait_for_function("() => !document.querySelector('.skeleton')")
                for width, height in WIDTHS:
                    await page.set_viewport_size({"width": width, "height": height})
                    assert await findings(page) == [], (path, width, scheme)
                    if await page.evaluate("document.documentElement.scrollWidth") > width:
                        beyond.append((path, width))
        assert beyond == []
