"""Signing in to the app with a name and a password, or by an issuer; from then on by a cookie, GraphiQL too."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from app.identity.setup_code import new_setup_code
from tests.frontend.site import Site, opened, serving
from tests.frontend.test_graphiql import RUN, write
from tests.happenings import Happening
from tests.identity.browser import PASSWORD, browsing
from tests.identity.issuer import CLIENT_SECRET, issuing
from tests.stack import Stack

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]


@pytest_asyncio.fixture(loop_scope="session")
async def empty(new_stack: NewStack) -> AsyncIterator[Site]:
    """With no user yet."""
    async with new_stack(working=False, users=False) as stack, serving(stack) as site:
        yield site


async def fill(page: Page, name: str, password: str) -> None:
    await page.get_by_label("Name").fill(name)
    await page.get_by_label("Password", exact=True).fill(password)


async def test_the_first_user_registers_and_stays_signed_in_by_a_cookie_that_scripts_cannot_read(
    empty: Site, browser: Browser
) -> None:
    async with opened(browser, empty, token=None) as page:
        await page.goto("/clusters?tab=groups")
        await fill(page, "carol", "short")
        await page.get_by_label("Setup code").fill("0000")
        await page.get_by_role("button", name="Register").click()
        await expect(page.get_by_role("alert")).to_contain_text("15 to 256 characters")
        await fill(page, "carol", PASSWORD)
        await page.get_by_label("Setup code").fill(await new_setup_code(empty.stack.services) or "")
        await page.get_by_role("button", name="Register").click()
        await expect(page.get_by_role("heading", name="Clusters")).to_be_visible()
        await expect(page).to_have_url(re.compile(r"/clusters\?tab=groups$"))
        await expect(page.get_by_text("carol")).to_be_visible()
        assert await page.evaluate("document.cookie") == ""
        kept = await page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
        assert PASSWORD not in kept

        await page.reload()
        await expect(page.get_by_text("carol")).to_be_visible()
        other = await page.context.new_page()
        await other.goto(f"{empty.url}/settings/tokens")
        await expect(other.get_by_role("heading", name="Tokens", exact=True)).to_be_visible()

        await page.get_by_role("button", name="Sign out").click()
        await expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
        await expect(page.get_by_role("button", name="Register")).to_be_hidden()
        await fill(page, "carol", "something else entirely")
        await page.get_by_role("button", name="Sign in", exact=True).click()
        await expect(page.get_by_role("alert")).to_contain_text("Wrong name or password.")
        await expect(other.get_by_label("Password", exact=True)).to_be_visible()


async def test_a_user_sees_and_ends_sessions_and_changes_the_password(empty: Site, browser: Browser) -> None:
    async with (
        opened(browser, empty, token=None) as page,
        browsing(empty.stack, **{"User-Agent": "Otter/1"}) as other,
    ):
        await page.goto("/settings/tokens")
        await fill(page, "carol", PASSWORD)
        await page.get_by_label("Setup code").fill(await new_setup_code(empty.stack.services) or "")
        await page.get_by_role("button", name="Register").click()
        await expect(page.get_by_role("region", name="Your sessions")).to_contain_text("This browser")
        await other.sign_in("carol")
        await page.reload()
        await page.get_by_role("button", name="Sign out Otter/1").click()
        await expect(page.get_by_role("region", name="Your sessions")).not_to_contain_text("Otter/1")
        assert await other.viewer() is None

        form = page.get_by_role("form", name="Your password")
        await form.get_by_label("Current password").fill("not the current one")
        await form.get_by_label("New password").fill("unlikely words of another kind")
        await form.get_by_role("button", name="Change password", exact=True).click()
        await expect(form.get_by_role("alert")).to_contain_text("The current password is wrong.")
        await form.get_by_label("Current password").fill(PASSWORD)
        await form.get_by_role("button", name="Change password", exact=True).click()
        await expect(form.get_by_role("status")).to_contain_text("Password changed.")
        await other.sign_in("carol", "unlikely words of another kind")


async def test_graphiql_and_subscriptions_are_authenticated_by_the_cookie(empty: Site, browser: Browser) -> None:
    async with opened(browser, empty, token=None) as page:
        await page.goto("/")
        await fill(page, "carol", PASSWORD)
        await page.get_by_label("Setup code").fill(await new_setup_code(empty.stack.services) or "")
        await page.get_by_role("button", name="Register").click()
        await expect(page.get_by_role("heading", name="No clusters yet")).to_be_visible()
        await page.get_by_role("link", name="Activity").click()
        await expect(page.get_by_text("carol is the first admin.")).to_be_visible()
        async with empty.stack.services.transaction() as transaction:
            transaction.record(Happening.TEST, "Something has happened just now.", organization_id=1)
        await expect(page.get_by_text("Something has happened just now.")).to_be_visible()

        await page.goto("/graphiql")
        await expect(page.get_by_role("button", name=RUN)).to_be_visible()
        await write(page, "query { viewer { name } }")
        await page.get_by_role("button", name=RUN).click()
        await expect(page.locator(".result-window")).to_contain_text("carol")


async def test_signing_in_with_an_issuer_returns_to_the_requested_page(new_stack: NewStack, browser: Browser) -> None:
    with issuing() as issuer:
        settings: dict[str, object] = {
            "oidc_issuer": issuer.url,
            "oidc_client_secret": CLIENT_SECRET,
            "oidc_label": "Sign in with Otters",
            "oidc_admins": ["platform"],
        }
        async with new_stack(working=False, users=False, **settings) as stack, serving(stack) as site:
            issuer.client.redirect_uri = f"{site.url}/auth/oidc/back"
            async with opened(browser, site, token=None, also=(issuer.url,)) as page:
                await page.goto("/clusters?tab=groups")
                await page.get_by_role("link", name="Sign in with Otters").click()
                await expect(page.get_by_role("alert")).to_contain_text("There is no administrator yet")
                issuer.user["groups"] = ["platform"]
                await page.get_by_role("link", name="Sign in with Otters").click()
                await expect(page.get_by_role("heading", name="Clusters")).to_be_visible()
                await expect(page).to_have_url(f"{site.url}/clusters?tab=groups")
                await expect(page.get_by_text("carol")).to_be_visible()
