"""Plans that take longer than a request, in the app: how far they are, and the plan or the error in the end."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from app.program.processes import run_observer, running
from app.tables.columns import now
from simulator import Member
from tests.deployments.slow import Slow, open_slow
from tests.frontend.site import Site, opened, serving
from tests.operations.test_cancel import cancel
from tests.stack import Stack


@pytest_asyncio.fixture(loop_scope="session")
async def slow(
    new_stack: Callable[..., AbstractAsyncContextManager[Stack]], simulated: Callable[[str], Member], tmp_path: Path
) -> AsyncIterator[tuple[Slow, Site]]:
    """With the deployment shop, which is on no cluster yet, as an observer confirms."""
    async with (
        open_slow(new_stack, simulated, tmp_path) as polyhelm,
        running(run_observer(polyhelm.stack.services)),
        serving(polyhelm.stack) as site,
    ):
        answer = await polyhelm.stack.create(releaseName="shop")
        await cancel(polyhelm.stack, answer)
        yield polyhelm, site


async def ask_for_a_plan(page: Page) -> None:
    await page.goto("/deployments/fleet/shop/edit")
    await page.get_by_role("textbox", name="Common values").fill("replicas: 4\n")
    await page.get_by_role("button", name="Show the plan").click()
    await expect(page.get_by_role("button", name="0 of 2 clusters planned")).to_be_disabled()


async def test_the_plan_of_a_change_says_how_far_it_is_and_comes_when_it_is_ready(
    slow: tuple[Slow, Site], browser: Browser
) -> None:
    polyhelm, site = slow
    async with opened(browser, site) as page:
        await ask_for_a_plan(page)
        await expect(page.get_by_role("button", name="Apply", exact=True)).to_be_disabled()
        polyhelm.let_go()
        await expect(page.get_by_role("button", name="Plan again")).to_be_visible()
        for name in ("berlin", "paris"):
            await expect(page.locator(f"[data-cluster={name}]")).to_have_attribute("data-action", "INSTALL")
        await expect(page.get_by_role("button", name="Apply", exact=True)).to_be_enabled()


async def test_an_error_that_comes_late_is_shown_and_nothing_can_be_applied(
    slow: tuple[Slow, Site], browser: Browser
) -> None:
    polyhelm, site = slow
    async with opened(browser, site) as page:
        await ask_for_a_plan(page)
        given = {"code": "internal", "message": "Late trouble.", "path": []}
        await polyhelm.write(error={"kind": "Conflict", "given": given}, finished_at=now())
        await expect(page.get_by_role("alert")).to_contain_text("Late trouble.")
        await expect(page.get_by_role("button", name="Apply", exact=True)).to_be_disabled()


async def test_the_plan_of_many_targets_says_how_far_it_is_before_they_are_reconciled(
    slow: tuple[Slow, Site], browser: Browser
) -> None:
    polyhelm, site = slow
    async with opened(browser, site) as page:
        await page.goto("/deployments/fleet/shop")
        await page.get_by_role("button", name="Reconcile 2 clusters").click()
        dialog = page.get_by_role("dialog")
        await expect(dialog.get_by_text("0 of 2 clusters planned…")).to_be_visible()
        reconcile = dialog.get_by_role("button", name="Reconcile", exact=True)
        await expect(reconcile).to_be_disabled()
        polyhelm.let_go()
        await expect(dialog.locator("[data-cluster=paris]")).to_have_attribute("data-action", "INSTALL")
        await expect(reconcile).to_be_enabled()
