"""The board of a rollout: who approves, steers and expedites it there, and that it is live."""

import re
from typing import Any

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from app.tables.identity import Role
from tests.delivery.asking import until_phase, until_verified, until_waiting, waves
from tests.delivery.conftest import fleet, stack
from tests.frontend.site import PHONE, Site, findings, opened
from tests.frontend.test_accessibility import WIDTH, settled
from tests.identity.callers import token_of
from tests.stack import Stack

__all__ = ["fleet", "stack"]

pytestmark = pytest.mark.usefixtures("fleet")

BOARD = "Rollout of shop, generation 2"


async def waiting_rollout(stack: Stack) -> Any:
    """The rollout of `shop` by admin: paris has moved, berlin waits for an approval, tokyo comes last."""
    deployment_id = await stack.deployed(releaseName="shop")
    await until_verified(stack, deployment_id)
    strategy = waves("paris", "berlin")
    strategy["waves"][1]["before"] = [{"approval": {"role": "APPROVER"}}]
    await stack.update(deployment_id, values={"replicas": 2}, strategy=strategy)
    return await until_waiting(stack, deployment_id, "ApprovalGate")


def cards(page: Page) -> list[Locator]:
    found = page.get_by_role("list", name="Waves").locator("> li")
    return [found.nth(index) for index in range(3)]


async def test_a_wave_is_approved_on_the_board_which_then_shows_the_next_waves_becoming_ready(
    site: Site, browser: Browser
) -> None:
    await waiting_rollout(site.stack)
    async with opened(browser, site, token=await token_of(site.stack, Role.APPROVER)) as page:
        await page.goto("/deployments/fleet/shop")
        note = page.get_by_role("status").filter(has_text="waiting, 1 of 3 targets ready")
        await note.get_by_role("link", name="Rollout of generation 2").click()
        await expect(page.get_by_role("heading", name=BOARD)).to_be_visible()
        paris, berlin, rest = cards(page)
        await expect(paris).to_contain_text("1 ready")
        await expect(berlin).to_contain_text("0 of 1 approvals by users with the role APPROVER")
        await expect(berlin).to_contain_text("1 not moved yet")
        timeline = page.get_by_role("table", name="Timeline")
        await expect(timeline.get_by_role("row").filter(has_text="berlin")).to_contain_text("Not yet")
        await berlin.get_by_role("button", name="Show targets of berlin").click()
        row = page.get_by_role("table", name="Targets of berlin").get_by_role("row").filter(has_text="berlin")
        await expect(row).to_contain_text("Not moved yet")
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme=scheme)
            assert await findings(page) == []
        await page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        assert await page.evaluate(WIDTH) <= PHONE[0]
        for name in ("Pause", "Expedite", "Abort", "Defer berlin"):
            await expect(page.get_by_role("button", name=name)).to_have_count(0)
        await berlin.get_by_label("Comment").fill("Go.")
        await berlin.get_by_role("button", name="Approve berlin").click()
        await expect(page.get_by_text("Wave berlin approved.")).to_be_visible()
        for card in (berlin, rest):
            await expect(card).to_contain_text("1 ready")
        await expect(row).to_contain_text("Ready")
        await expect(page.get_by_role("region", name="State")).to_contain_text("Succeeded")
        for name in ("paris", "berlin", "rest"):
            times = timeline.get_by_role("row").filter(has_text=name).get_by_role("cell")
            for number in (1, 2):  # moving, and soak and checks
                await expect(times.nth(number)).to_have_text(re.compile(r"^\d+ (s|min)$"))
        await expect(page.get_by_role("button", name="Approve berlin")).to_have_count(0)


async def test_the_author_pauses_resumes_aborts_and_rolls_back_a_rollout_but_cannot_approve_it(
    site: Site, browser: Browser
) -> None:
    rollout = await waiting_rollout(site.stack)
    async with opened(browser, site) as page:
        await page.goto(f"/rollouts/{rollout['id']}")
        state = page.get_by_role("region", name="State")
        _, berlin, rest = cards(page)
        await expect(berlin).to_contain_text("The author of a change cannot approve or reject its waves.")
        await expect(berlin.get_by_role("button", name="Approve berlin")).to_have_count(0)
        await page.get_by_role("button", name="Pause").click()
        await expect(state).to_contain_text("Paused")
        await page.get_by_role("button", name="Resume").click()
        await expect(state).to_contain_text("Waiting")
        await rest.get_by_role("button", name="Show targets of rest").click()
        await page.get_by_role("button", name="Defer tokyo").click()
        await expect(rest).to_contain_text("1 deferred")
        await page.get_by_role("button", name="Retry tokyo").click()
        await expect(rest).to_contain_text("1 not moved yet")
        await page.get_by_role("button", name="Abort").click()
        dialog = page.get_by_role("dialog")
        assert await findings(page) == []
        await dialog.get_by_role("button", name="Abort", exact=True).click()
        await expect(state).to_contain_text("Aborted")
        await page.get_by_role("link", name="Rollouts", exact=True).click()
        line = page.get_by_role("table", name="Rollouts").get_by_role("row").filter(has_text="Generation 2")
        await expect(line).to_contain_text("Aborted")
        await expect(line).to_contain_text("1 of 3 targets ready")
        assert await findings(page) == []
        await page.goto(f"/rollouts/{rollout['id']}")
        await page.get_by_role("button", name="Roll back").click()
        await page.get_by_role("dialog").get_by_role("button", name="Roll back", exact=True).click()
        await expect(state).to_contain_text("Rolled back")


async def test_the_board_shows_the_checks_of_a_wave_and_runs_one_again(site: Site, browser: Browser) -> None:
    deployment_id = await site.stack.deployed(releaseName="shop")
    await until_verified(site.stack, deployment_id)
    strategy = waves("paris", "berlin", rollBackOn=[])
    unmet = {"kind": "ConfigMap", "name": "shop", "passes": "false"}
    strategy["waves"][0]["checks"] = [{"name": "settings", "interval": "1s", "object": unmet}]
    strategy["waves"][1]["checks"] = [{"name": "healthy", "health": True}]
    await site.stack.update(deployment_id, values={"replicas": 2}, strategy=strategy)
    rollout = await until_phase(site.stack, deployment_id, "FAILED")
    async with opened(browser, site) as page:
        await page.goto(f"/rollouts/{rollout['id']}")
        paris, berlin, _ = cards(page)
        settings = paris.get_by_role("list", name="Checks of paris").get_by_role("listitem")
        await expect(settings).to_contain_text("settings after the wave")
        await expect(settings).to_contain_text("Failed")
        await expect(settings).to_contain_text("1 of 1: paris: The condition `passes` is false.")
        await expect(berlin).to_contain_text("Not started")
        assert await findings(page) == []
        await settings.get_by_role("button", name="Run again settings").click()
        await expect(page.get_by_text("Check settings runs again.")).to_be_visible()


async def test_an_admin_expedites_a_rollout_with_a_reason_while_another_user_watches(
    site: Site, browser: Browser
) -> None:
    rollout = await waiting_rollout(site.stack)
    # A deployer may steer rollouts and approve waves, but this one needs another role.
    deployer = await token_of(site.stack, Role.DEPLOYER)
    async with opened(browser, site) as page, opened(browser, site, token=deployer) as watching:
        for each in (page, watching):
            await each.goto(f"/rollouts/{rollout['id']}")
            await expect(each.get_by_role("heading", name=BOARD)).to_be_visible()
        _, berlin, rest = cards(watching)
        await expect(berlin).to_contain_text("0 of 1 approvals")
        await settled(watching)
        await expect(watching.get_by_role("button", name="Pause")).to_be_visible()
        for name in ("Expedite", "Approve berlin", "Reject berlin"):
            await expect(watching.get_by_role("button", name=name)).to_have_count(0)
        await page.get_by_role("button", name="Expedite").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_label("Reason").fill("The shop is down.")
        await dialog.get_by_role("button", name="Expedite", exact=True).click()
        for card in (berlin, rest):
            await expect(card).to_contain_text("1 ready")
        state = watching.get_by_role("region", name="State")
        await expect(state).to_contain_text("Soak times and approvals are skipped: The shop is down.")
        await expect(state).to_contain_text("Succeeded")


async def test_an_aborted_rollout_is_rolled_back_and_its_generation_is_on_hold_until_a_user_lifts_it(
    site: Site, browser: Browser
) -> None:
    rollout = await waiting_rollout(site.stack)
    async with opened(browser, site) as page:
        await page.goto(f"/rollouts/{rollout['id']}")
        await page.get_by_role("button", name="Abort").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_label("return to their last verified generations").check()
        await dialog.get_by_role("button", name="Abort", exact=True).click()
        note = page.get_by_role("status").filter(has_text="Generation 2 is on hold: admin rolled it back.")
        await expect(note).to_be_visible()
        assert await findings(page) == []
        await note.get_by_role("button", name="Lift hold").click()
        await expect(note).to_be_hidden()


async def test_a_rollout_that_does_not_exist_says_so(site: Site, browser: Browser) -> None:
    async with opened(browser, site) as page:
        await page.goto("/rollouts/Um9sbG91dDo5OTk5")
        await expect(page.get_by_role("heading", name="Rollout not found")).to_be_visible()
