"""The log of a step."""

import pytest
from sqlalchemy import text

from app.identity.credentials import viewer_by_id
from app.steps.context import StepContext
from tests.automation.test_runs import started
from tests.stack import Stack

ONE = "{name: one, steps: [{name: say, type: log, inputs: {message: a}}]}"


async def test_lines_are_written_once_and_up_to_the_limit_of_the_run(
    quiet: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.steps.context.MOST_LINES", 5)
    services = quiet.services
    await started(quiet, ONE, "one")
    [(run, organization, starter)] = await services.database.rows(
        text("SELECT id, organization_id, starter_id FROM workflow_run")
    )
    viewer = await viewer_by_id(services.database, starter, organization, None)
    assert viewer is not None

    def context(path: str) -> StepContext:
        return StepContext(services, organization, viewer, run, path, attempt=1, version=1)

    first = context("say")
    await first.log("a", "b\0")
    await first.log()
    await first.log("c")
    await context("say").log("a")  # an execution that repeats the attempt
    await context("other").log("d", "e", "f")
    await context("other").log("g")
    lines = await services.database.rows(text("SELECT path, number, message FROM step_log ORDER BY id"))
    assert [tuple(line) for line in lines] == [
        ("say", 0, "a"),
        ("say", 1, "b"),
        ("say", 2, "c"),
        ("other", 0, "d"),
        ("other", 1, "e"),
    ]
