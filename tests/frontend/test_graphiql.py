"""GraphiQL: from our own address, with the token of whoever is signed in, the README's tour, and subscriptions."""

import re

from playwright.async_api import Browser, Page, expect

from simulator import Member
from tests.frontend.site import Site, opened
from tests.live.client import followed_by
from tests.stack import eventually

RUN = re.compile("Execute query")


async def write(page: Page, query: str) -> None:
    await page.locator(".graphiql-query-editor .monaco-editor").click()
    await page.keyboard.press("Control+a")
    await page.keyboard.insert_text(query)


async def test_an_example_of_the_tour_is_chosen_and_run(site: Site, browser: Browser, shop: dict[str, Member]) -> None:
    async with opened(browser, site) as page:
        await page.goto("/graphql")
        await expect(page).to_have_url(re.compile("/graphiql$"))
        await page.get_by_label("Examples").select_option("1. List the deployments.")
        await expect(page.locator(".graphiql-query-editor")).to_contain_text("List the deployments.")
        await page.get_by_role("button", name=RUN).click()
        await expect(page.locator(".result-window")).to_contain_text("shop")
        await page.get_by_role("button", name=re.compile("Documentation Explorer")).click()
        await expect(page.get_by_text("Root Types")).to_be_visible()


async def test_a_subscription_in_graphiql_runs_until_it_is_stopped_or_access_is_revoked(
    site: Site, browser: Browser, shop: dict[str, Member]
) -> None:
    made = await site.stack.mutate("createUser", "... on UserPayload { token }", name="ada", role="DEPLOYER")
    async with opened(browser, site, token=made["token"]) as page:
        await page.goto("/graphiql")
        run, told = page.get_by_role("button", name=RUN), page.locator(".result-window")
        await expect(run).to_be_visible()
        await write(page, "subscription { clusters { name reachability } }")
        await run.click()
        await expect(told).to_contain_text("REACHABLE")
        await page.get_by_role("button", name=re.compile("Stop")).click()
        await expect(run).to_be_visible()

        await write(page, "subscription { events { message } }")
        await run.click()
        await eventually(lambda: followed_by(site.stack, 1))
        async with page.expect_websocket():
            await site.stack.mutate("setRole", "__typename", user="ada", role="ADMIN")
        await eventually(lambda: followed_by(site.stack, 1))
        await site.stack.group("edge", [])
        await expect(told).to_contain_text("The group edge was created")
        await site.stack.mutate("disableUser", "__typename", user="ada")
        await expect(told).to_contain_text("is no longer valid")
        await expect(run).to_be_visible()
