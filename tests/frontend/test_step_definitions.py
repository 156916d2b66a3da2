"""Step definitions in the pages."""

from playwright.async_api import Browser, expect

from tests.frontend.site import Site, opened

GREET = """name: greet
parameters: {required: [who], properties: {who: {type: string}}}
steps:
  - {name: say, type: log, inputs: {message: "Hello, ${{ parameters.who }}."}}
"""
USE = "name: use\nsteps:\n  - {name: first, type: greet, inputs: {who: Ada}}\n"


async def test_a_step_definition_is_added_changed_used_by_a_run_and_deleted(site: Site, browser: Browser) -> None:
    async with opened(browser, site) as page:
        await page.goto("/workflows")
        await page.get_by_role("tab", name="Step definitions").click()
        await expect(page.get_by_role("heading", name="No step definitions yet")).to_be_visible()
        await page.get_by_role("button", name="Add step definition").click()
        dialog = page.get_by_role("dialog")
        editor = dialog.get_by_role("textbox", name="Definition")
        await editor.fill(GREET.replace("name: greet", "name: log", 1))
        await dialog.get_by_role("button", name="Save", exact=True).click()
        await expect(dialog.get_by_role("alert")).to_contain_text("name: log is a built-in step type.")
        await editor.fill(GREET)
        await dialog.get_by_role("button", name="Save", exact=True).click()
        await expect(dialog).to_be_hidden()
        line = page.get_by_role("region", name="Step definitions").get_by_role("listitem")
        await expect(line).to_contain_text("revision 1, saved by admin")
        await page.get_by_role("button", name="Change greet").click()
        await expect(editor).to_contain_text("Hello")
        await editor.fill(GREET.replace("Hello", "Hi"))
        await dialog.get_by_role("button", name="Save", exact=True).click()
        await expect(line).to_contain_text("revision 2")

        await site.stack.mutate("saveWorkflow", "__typename", definition=USE)
        fields = "... on WorkflowRunPayload { run { id } }"
        run = (await site.stack.mutate("startWorkflow", fields, workflow="use"))["run"]["id"]
        await page.goto(f"/workflow-runs/{run}")
        first = page.get_by_role("region", name="first", exact=True)
        await expect(first).to_contain_text("greet")
        await expect(first).to_contain_text("say")
        await page.goto("/workflows?tab=steps")
        await page.get_by_role("button", name="Delete greet").click()
        await dialog.get_by_label("to confirm").fill("greet")
        await dialog.get_by_role("button", name="Delete", exact=True).click()
        await expect(dialog.get_by_role("alert")).to_contain_text("greet is a step type of use.")
