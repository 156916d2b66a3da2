"""Runs of workflows in the pages."""

import re

from playwright.async_api import Browser, expect

from app.tables.identity import Role
from tests.frontend.site import Site, opened
from tests.identity.callers import token_of

GREET = """
name: greet
parameters:
  required: [names, count]
  properties:
    names: {type: array, items: {type: string}}
    count: {type: integer, minimum: 1, description: How often.}
    tone: {type: string, enum: [soft, loud], default: soft}
outputs:
  tone: {value: "${{ parameters.tone }}", schema: {type: string}}
steps:
  - name: each
    forEach: {items: "${{ parameters.names }}", as: name}
    sequence: [{name: say, type: log, inputs: {message: "Hello, ${{ name }}."}}]
  - {name: wait, type: signal, inputs: {signal: go}}
"""
REVIEW = """
name: review
steps:
  - {name: ask, type: approve, inputs: {message: Release it?}}
  - {name: done, type: log, inputs: {message: Released.}}
"""


async def test_a_run_is_started_from_a_form_followed_and_signalled(site: Site, browser: Browser) -> None:
    await site.stack.mutate("saveWorkflow", "__typename", definition=GREET)
    async with opened(browser, site) as page:
        await page.goto("/workflows/greet")
        await page.get_by_role("button", name="Run", exact=True).click()
        dialog = page.get_by_role("dialog", name="Run greet")
        await dialog.get_by_label("names").fill("[Ada, Grace]")
        await dialog.get_by_label("count").fill("0")
        await dialog.get_by_label("tone").select_option("loud")
        await dialog.get_by_label("Workflow ID").fill("greeting")
        await dialog.get_by_role("button", name="Run", exact=True).click()
        await expect(dialog.get_by_label("count")).to_have_attribute("aria-invalid", "true")
        await dialog.get_by_label("count").fill("2")
        await dialog.get_by_role("button", name="Run", exact=True).click()

        await expect(page.get_by_role("heading", name="greeting", level=1)).to_be_visible()
        state = page.get_by_role("region", name="State")
        await expect(state).to_contain_text("Waiting for a signal")
        graph = page.get_by_role("list", name="Steps of greet", exact=True)
        await expect(graph.get_by_role("list", name="States of say")).to_have_text("2 succeeded")
        await graph.get_by_role("button", name="say").click()
        details = page.get_by_role("region", name="Step each/say")
        await details.get_by_text("each[1]/say").click()
        await expect(details.get_by_role("region", name="Log of each[1]/say")).to_contain_text("Hello, Grace.")

        await state.get_by_role("button", name="Send go").click()
        signal = page.get_by_role("dialog", name="Send a signal")
        await signal.get_by_role("button", name="Send", exact=True).click()
        await expect(state).to_contain_text("Succeeded")
        await page.get_by_role("tab", name="Timeline").click()
        rows = page.get_by_role("table", name="Timeline").get_by_role("rowheader")
        await expect(rows).to_have_text(["each", "each[0]", "each[0]/say", "each[1]", "each[1]/say", "wait"])
        await page.get_by_role("tab", name="Log").click()
        await expect(page.get_by_role("region", name="Log")).to_contain_text("each[0]/say Hello, Ada.")
        await page.get_by_role("tab", name="Parameters and outputs").click()
        data = page.get_by_role("region", name="Parameters and outputs")
        await expect(data).to_contain_text(re.compile('"tone": "loud"'))

        await page.get_by_role("link", name="greet", exact=True).click()
        await page.get_by_role("tab", name="Runs").click()
        row = page.get_by_role("table", name="Runs").get_by_role("row").nth(1)
        await expect(row).to_contain_text(re.compile("greeting.*Succeeded.*by admin"))


async def test_a_run_that_another_user_started_is_approved_and_another_terminated(site: Site, browser: Browser) -> None:
    stack = site.stack
    await stack.mutate("saveWorkflow", "__typename", definition=REVIEW)
    other = await token_of(stack, Role.DEPLOYER)
    begun = await stack.mutate("startWorkflow", "__typename", other, workflow="review", workflowId="first")
    assert begun == {"__typename": "WorkflowRunPayload"}
    async with opened(browser, site) as page:
        await page.goto("/workflows")
        await page.get_by_role("tab", name="Runs").click()
        await page.get_by_role("link", name="first").click()
        approval = page.get_by_role("region", name="Approval of ask")
        await expect(approval).to_contain_text("waits for an approval: Release it?")
        await approval.get_by_label("Comment").fill("Looks good.")
        await approval.get_by_role("button", name="Approve").click()
        state = page.get_by_role("region", name="State")
        await expect(state).to_contain_text("Succeeded")

        await stack.mutate("startWorkflow", "__typename", workflow="review", workflowId="second")
        await page.goto("/workflows?tab=runs")
        await page.get_by_role("link", name="second").click()
        await expect(page.get_by_role("region", name="Approval of ask")).to_contain_text(
            "The user who started the run cannot approve its steps."
        )
        await page.get_by_role("button", name="Terminate").click()
        dialog = page.get_by_role("dialog", name="Terminate the run")
        await dialog.get_by_label("Reason").fill("Not needed any longer.")
        await dialog.get_by_role("button", name="Terminate").click()
        await expect(state).to_contain_text("Cancelled")
        await expect(state).to_contain_text("Not needed any longer.")

        await page.get_by_role("button", name="Retry the failed steps").click()
        dialog = page.get_by_role("dialog", name="Retry the failed steps")
        await dialog.get_by_role("button", name="Retry", exact=True).click()
        await expect(state).to_contain_text("Repeats")
        await expect(state).to_contain_text("Waiting for an approval")
