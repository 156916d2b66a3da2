"""Workflows in the pages."""

from playwright.async_api import Browser, expect

from tests.frontend.site import Site, opened

WORKFLOWS = "{ workflows { nodes { name revision current { definition } } } }"
HELLO = "name: hello\nsteps:\n  - {name: greet, type: log, inputs: {message: Hello.}}\n"


async def test_a_workflow_is_added_refused_changed_and_deleted(site: Site, browser: Browser) -> None:
    async with opened(browser, site) as page:
        await page.goto("/settings/workflows")
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
