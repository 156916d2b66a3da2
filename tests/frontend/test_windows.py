"""Change windows in the pages."""

import re

from playwright.async_api import Browser, expect

from simulator import Member
from tests.frontend.site import Site, findings, opened
from tests.windows.samples import FREEZE, frozen_now

WINDOWS = "{ changeWindows { nodes { name kind rule starts duration timeZone reason version group { name } } } }"
OPERATIONS = """{ deployment(group: "fleet", releaseName: "shop") {
  generation operations(first: 1) { nodes { windowOverriddenBy windowOverrideReason } } targets { clusterName revision }
} }"""


async def test_a_window_is_added_with_mistakes_in_place_shown_on_the_calendar_changed_and_deleted(
    site: Site, browser: Browser, shop: dict[str, Member]
) -> None:
    async with opened(browser, site) as page:
        await page.goto("/windows")
        await expect(page.get_by_role("heading", name="No change windows yet")).to_be_visible()
        await page.get_by_role("button", name="Add window", exact=True).click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_label("Name").fill("office")
        await dialog.get_by_label("First opening").fill("2026-01-05T09:00")
        await dialog.get_by_label("Time zone").fill("Mars/Olympus")
        await dialog.get_by_label("Open for").fill("forever")
        await dialog.get_by_label("Opens").select_option("By a recurrence rule")
        await dialog.get_by_label("Recurrence rule").fill("FREQ=WEEKLY;BYDAY=MONDAY")
        await dialog.get_by_role("button", name="Save", exact=True).click()
        rule = dialog.get_by_label("Recurrence rule")
        await expect(rule).to_have_attribute("aria-invalid", "true")
        await expect(rule).to_have_accessible_description(re.compile("BYDAY is a list of MO, TU, WE"))
        await expect(dialog.get_by_label("Time zone")).to_have_accessible_description(
            re.compile("There is no time zone")
        )
        await expect(dialog.get_by_label("Open for")).to_have_attribute("aria-invalid", "true")
        await dialog.get_by_label("Opens").select_option("On days of the week")
        await dialog.get_by_label("Saturday").check()
        await dialog.get_by_label("Sunday").check()
        await dialog.get_by_label("Time zone").fill("UTC")
        await dialog.get_by_label("Open for").fill("8h")
        await dialog.get_by_label("Applies to").select_option("One group")
        await dialog.get_by_label("Group", exact=True).select_option("fleet")
        await dialog.get_by_role("button", name="Save", exact=True).click()
        await expect(dialog).to_be_hidden()
        calendar = page.get_by_role("region", name="Openings and closings")
        await expect(calendar.get_by_role("cell").filter(has_text="Changes: office")).not_to_have_count(0)
        await calendar.get_by_role("tab", name="Week").click()
        await expect(calendar.get_by_role("cell").filter(has_text="Changes: office")).to_have_count(7)
        await calendar.get_by_role("button", name="Next week").click()
        await expect(calendar.get_by_role("cell").filter(has_text="Changes: office")).to_have_count(7)
        assert await findings(page) == []
        await calendar.get_by_role("tab", name="List").click()
        listed = calendar.get_by_role("list", name="Next openings and closings").get_by_role("listitem")
        await expect(listed.first).to_contain_text("office")
        await page.get_by_role("button", name="Change office").click()
        await dialog.get_by_label("While it is open").select_option("Changes are held")
        await dialog.get_by_label("Reason").fill("Moving house.")
        assert await findings(page) == []
        await dialog.get_by_role("button", name="Save", exact=True).click()
        await expect(page.get_by_role("region", name="Windows", exact=True)).to_contain_text("Denies changes")
        assert (await site.stack.data(WINDOWS))["changeWindows"]["nodes"] == [
            {
                "name": "office",
                "kind": "DENY",
                "rule": "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU",
                "starts": "2026-01-05T09:00",
                "duration": "8h",
                "timeZone": "UTC",
                "reason": "Moving house.",
                "version": 2,
                "group": {"name": "fleet"},
            }
        ]
        await page.get_by_role("button", name="Delete office").click()
        await dialog.get_by_label("to confirm").fill("office")
        await dialog.get_by_role("button", name="Delete", exact=True).click()
        await expect(page.get_by_role("heading", name="No change windows yet")).to_be_visible()


async def test_a_target_says_until_when_it_waits_and_its_change_can_be_let_pass(
    site: Site, browser: Browser, shop: dict[str, Member]
) -> None:
    await site.stack.mutate("setChangeWindow", "__typename", **FREEZE | frozen_now() | {"cluster": "paris"})
    deployment = (await site.stack.data('{ deployment(group: "fleet", releaseName: "shop") { id } }'))["deployment"]
    await site.stack.update(deployment["id"], values={"replicas": 3})
    async with opened(browser, site) as page:
        await page.goto("/deployments/fleet/shop/targets/paris")
        note = page.get_by_role("status").filter(has_text="Waits for a change window until")
        await expect(note).to_be_visible()
        await note.get_by_role("button", name="Override window").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_label("Reason").fill("The shop is down.")
        await dialog.get_by_role("button", name="Override", exact=True).click()
        await expect(note).to_be_hidden()
        await expect(page.get_by_text("2 of 2")).to_be_visible()
    found = (await site.stack.data(OPERATIONS))["deployment"]
    assert found["operations"]["nodes"] == [
        {"windowOverriddenBy": "admin", "windowOverrideReason": "The shop is down."}
    ]
    assert {target["revision"] for target in found["targets"]} == {2}
