"""Workflows in the pages."""

import re

from playwright.async_api import Browser, expect

from tests.frontend.site import Site, opened
from tests.workflows.documented import documented

WORKFLOWS = "{ workflows { nodes { name revision current { definition } } } }"
HELLO = "name: hello\nsteps:\n  - {name: greet, type: log, inputs: {message: Hello.}}\n"


async def test_a_workflow_is_added_refused_changed_and_deleted(site: Site, browser: Browser) -> None:
    async with opened(browser, site) as page:
        await page.goto("/workflows")
        await expect(page.get_by_role("heading", name="No workflows yet")).to_be_visible()
        await page.get_by_role("button", name="Add workflow", exact=True).click()
        dialog = page.get_by_role("dialog")
        editor = dialog.get_by_role("textbox", name="Definition")
        await editor.fill(HELLO.replace("type: log", "type: lock"))
        await dialog.get_by_role("button", name="Save", exact=True).click()
        await expect(dialog.get_by_role("alert")).to_contain_text("steps.0.type: There is no step type 'lock'")
        await editor.fill(HELLO)
        await dialog.get_by_role("button", name="Save", exact=True).click()
        await expect(dialog).to_be_hidden()
        line = page.get_by_role("region", name="Workflows").get_by_role("listitem")
        await expect(line).to_contain_text("revision 1, saved by admin")
        await page.get_by_role("button", name="Change hello").click()
        await expect(editor).to_contain_text("Hello.")
        await editor.fill(HELLO.replace("Hello.", "Hi."))
        await dialog.get_by_role("button", name="Save", exact=True).click()
        await expect(line).to_contain_text("revision 2")
        assert (await site.stack.data(WORKFLOWS))["workflows"]["nodes"] == [
            {"name": "hello", "revision": 2, "current": {"definition": HELLO.replace("Hello.", "Hi.")}}
        ]
        await page.get_by_role("button", name="Delete hello").click()
        await dialog.get_by_label("to confirm").fill("hello")
        await dialog.get_by_role("button", name="Delete", exact=True).click()
        await expect(page.get_by_role("heading", name="No workflows yet")).to_be_visible()


async def test_the_page_of_a_workflow_draws_its_steps_and_shows_what_a_revision_changed(
    site: Site, browser: Browser
) -> None:
    for definition in (documented(), documented().replace("timeout: 10m", "timeout: 20m")):
        answer = await site.stack.mutate("saveWorkflow", "__typename", definition=definition)
        assert answer == {"__typename": "WorkflowPayload"}
    async with opened(browser, site) as page:
        await page.goto("/workflows")
        await page.get_by_role("link", name="preload-image").click()
        steps = page.get_by_role("list", name="Steps of preload-image", exact=True).get_by_role("region")
        await expect(steps.nth(0)).to_have_text(re.compile("build.*http-request.*Up to 3 attempts.*At most 20m"))
        await expect(steps.nth(1)).to_have_text(re.compile("review.*approve.*If parameters.isReviewed"))
        await expect(steps.nth(2)).to_contain_text("For each of parameters.regions, at most 2 at the same time")
        failure = page.get_by_role("list", name="Steps if load fails").get_by_role("region", name="tell")
        await expect(failure).to_be_visible()

        await page.get_by_role("tab", name="Definition").click()
        await expect(page.get_by_role("region", name="YAML")).to_contain_text("name: preload-image")
        await page.get_by_role("tab", name="Revisions").click()
        difference = page.get_by_role("region", name="Difference to the revision before")
        await expect(difference).to_contain_text("timeout: 10m")
        await expect(difference).to_contain_text("timeout: 20m")
        await page.get_by_role("radio", name="Revision 1").check()
        await expect(page.get_by_role("region", name="Changes")).to_contain_text("timeout: 10m")
        await page.reload()
        await expect(page.get_by_role("heading", name="Changes in revision 1")).to_be_visible()
