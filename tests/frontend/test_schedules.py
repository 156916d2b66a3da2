"""Schedules of workflows in the pages."""

from playwright.async_api import Browser, expect

from tests.frontend.site import Site, opened

GREET = """name: greet
parameters: {required: [who], properties: {who: {type: string}}}
steps:
  - {name: greet, type: log, inputs: {message: "Hello, ${{ parameters.who }}."}}
"""
SCHEDULE = """{ workflowSchedule(name: "greet") {
  cron timeZone parameters overlap catchUp isPaused version workflow { name }
} }"""


async def test_a_schedule_is_added_refused_at_its_field_changed_paused_and_deleted(
    site: Site, browser: Browser
) -> None:
    await site.stack.mutate("saveWorkflow", "__typename", definition=GREET)
    async with opened(browser, site) as page:
        await page.goto("/workflows/greet?tab=schedules")
        await expect(page.get_by_role("heading", name="No schedules yet")).to_be_visible()
        await page.get_by_role("button", name="Add schedule").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_label("Times").fill("61 * * * *")
        await dialog.get_by_label("Time zone").fill("Europe/Paris")
        await dialog.get_by_label("who", exact=True).fill("Ada")
        await dialog.get_by_role("button", name="Save").click()
        await expect(dialog.get_by_role("alert")).to_contain_text("Bad minute.")
        await dialog.get_by_label("Times").fill("30 2 1 1 *")
        await dialog.get_by_role("button", name="Save").click()
        await expect(dialog).to_be_hidden()
        line = page.get_by_role("region", name="Schedules").get_by_role("listitem")
        await expect(line).to_contain_text("At 02:30 on January 1, Europe/Paris")
        await expect(line).to_contain_text("Runs with the permissions of admin.")

        await page.get_by_role("button", name="Change greet").click()
        await expect(dialog.get_by_label("who", exact=True)).to_have_value("Ada")
        await dialog.get_by_label("If a run is in progress").select_option("Start one run at its end")
        await dialog.get_by_label("Catch-up window").fill("10m")
        await dialog.get_by_role("button", name="Save").click()
        await expect(dialog).to_be_hidden()
        await page.get_by_role("button", name="Pause greet").click()
        await expect(line).to_contain_text("Paused")
        assert (await site.stack.data(SCHEDULE))["workflowSchedule"] == {
            "cron": "30 2 1 1 *",
            "timeZone": "Europe/Paris",
            "parameters": {"who": "Ada"},
            "overlap": "QUEUE_ONE",
            "catchUp": "10m",
            "isPaused": True,
            "version": 3,
            "workflow": {"name": "greet"},
        }
        await page.get_by_role("button", name="Resume greet").click()
        await expect(line).to_contain_text("Next:")
        await page.get_by_role("button", name="Delete greet").click()
        await dialog.get_by_label("to confirm").fill("greet")
        await dialog.get_by_role("button", name="Delete", exact=True).click()
        await expect(page.get_by_role("heading", name="No schedules yet")).to_be_visible()
