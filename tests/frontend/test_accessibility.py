"""axe finds nothing serious on any screen, in light and dark; and on a phone nothing goes beyond its edge."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest
from playwright.async_api import Browser, Page, expect

from simulator import Member
from tests.frontend.site import PHONE, WIDE, Site, findings, opened
from tests.workflows.documented import documented

SCREENS = {
    "fleet": "/",
    "targets": "/deployments/fleet/shop",
    "target": "/deployments/fleet/shop/targets/paris",
    "values": "/deployments/fleet/shop?tab=values",
    "history": "/deployments/fleet/shop?tab=history",
    "operations": "/deployments/fleet/shop?tab=operations",
    "edit": "/deployments/fleet/shop/edit",
    "deployments": "/deployments",
    "picker": "/create",
    "create": "/create?chart=charts/web",
    "resources": "/resources",
    "windows": "/windows",
    "clusters": "/clusters",
    "groups": "/clusters?tab=groups",
    "cluster": "/clusters/paris",
    "group": "/groups/fleet",
    "register": "/register",
    "secrets": "/settings/secrets",
    "workflows": "/workflows",
    "workflow": "/workflows/preload-image",
    "activity": "/activity",
    "services": "/settings/services",
    "tokens": "/settings/tokens",
    "missing": "/deployments/fleet/nothing",
}
PAGES = 4
COLOR_RULES = ("color-contrast", "link-in-text-block")
"""The rules of axe whose results depend on colors."""
WIDTH = """() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(
  () => done(document.documentElement.scrollWidth))))"""
"""Once the page is drawn in its present size."""


async def settled(page: Page) -> None:
    await page.wait_for_load_state("networkidle")
    await page.wait_for_function("() => !document.querySelector('.skeleton')")


async def each_screen(browser: Browser, site: Site, look: Callable[[Page, str], Awaitable[None]]) -> None:
    """Looks at every screen, in some pages at once: most of the time goes by waiting for the network to be quiet."""

    async def some(names: list[str]) -> None:
        async with opened(browser, site) as page:
            for name in names:
                await page.goto(SCREENS[name])
                await settled(page)
                await look(page, name)

    async with asyncio.TaskGroup() as tasks:
        for first in range(PAGES):
            tasks.create_task(some(list(SCREENS)[first::PAGES]))


@pytest.mark.timeout(1200)
async def test_axe_finds_nothing_serious_on_any_screen_and_on_a_phone_nothing_goes_beyond_its_edge(
    site: Site, browser: Browser, shop: dict[str, Member]
) -> None:
    """All rules in light; in dark, those that depend on colors."""
    await site.stack.mutate("saveWorkflow", "__typename", definition=documented())
    found: dict[str, Sequence[str]] = {}
    beyond = {}

    async def look(page: Page, name: str) -> None:
        for scheme, rules in (("light", ()), ("dark", COLOR_RULES)):
            await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            found[f"{name}, {scheme}"] = await findings(page, rules)

    async def look_on_a_phone_too(page: Page, name: str) -> None:
        await look(page, name)
        await page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        await settled(page)
        width: int = await page.evaluate(WIDTH)
        if width > PHONE[0]:
            beyond[name] = width
        await page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})

    await each_screen(browser, site, look_on_a_phone_too)
    async with opened(browser, site) as page:
        await page.goto("/deployments/fleet/shop")
        await page.get_by_role("button", name="Delete").click()
        await look(page, "delete")
        await page.goto("/settings/secrets")
        await page.get_by_role("button", name="Add secret", exact=True).click()
        await look(page, "add secret")
    async with opened(browser, site, token=None) as page:
        await page.goto("/")
        await page.get_by_label("Password", exact=True).wait_for()
        await look(page, "sign in")
    assert {name: told for name, told in found.items() if told} == {}
    assert beyond == {}


async def test_on_a_phone_what_is_typed_to_sign_in_stays_within_its_card(site: Site, browser: Browser) -> None:
    async with opened(browser, site, token=None, size=PHONE) as page:
        await page.goto("/")
        card = await page.locator(".card").bounding_box()
        field = await page.get_by_label("Password", exact=True).bounding_box()
    assert card is not None
    assert field is not None
    assert field["x"] + field["width"] < card["x"] + card["width"]


async def test_on_a_phone_colours_graphiql_and_signing_out_are_behind_a_button(
    site: Site, browser: Browser, shop: dict[str, Member]
) -> None:
    async with opened(browser, site, size=PHONE) as page:
        await page.goto("/")
        colours = page.get_by_label("Theme")
        await expect(colours).to_be_hidden()
        await page.get_by_role("button", name="Account").click()
        await expect(page.get_by_role("link", name="GraphiQL")).to_be_visible()
        await expect(page.get_by_role("button", name="Sign out")).to_be_visible()
        assert await findings(page) == []
        account = await page.get_by_role("button", name="Account").bounding_box()
        assert account is not None
        assert account["x"] + account["width"] <= PHONE[0]
        await colours.select_option("Dark")
        await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        await page.keyboard.press("Escape")
        await expect(colours).to_be_hidden()
