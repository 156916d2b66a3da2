"""Runs are kept for a time after their end."""

import pytest
from sqlalchemy import text

from app.automation import retention
from tests.automation.test_runs import save, start
from tests.stack import Stack

WAIT = "name: wait\nsteps:\n  - {name: wait, type: signal, inputs: {signal: go}}\n"
_END = text(
    "UPDATE workflow_run SET state = 'SUCCEEDED', ended_at = now() - interval '91 days' WHERE workflow_id = :id"
)
_STEP = text(
    "INSERT INTO step_run (run_id, path, state, attempt, begun_version, executions, started_at)"
    " SELECT id, 'wait', 'SUCCEEDED', 1, 1, 0, now() FROM workflow_run WHERE workflow_id = :id"
)
_KEPT = text(
    "SELECT workflow_id, (SELECT count(*) FROM step_run WHERE run_id = run.id) FROM workflow_run run ORDER BY id"
)


async def test_old_runs_are_removed_with_their_steps_and_those_in_progress_are_kept(
    quiet: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "_BATCH", 2)
    await save(quiet, WAIT)
    for name in ("one", "two", "three", "four"):
        assert "run" in await start(quiet, "wait", workflowId=name)
        async with quiet.services.transaction() as transaction:
            await transaction.session.execute(_STEP, {"id": name})
            if name != "four":
                await transaction.session.execute(_END, {"id": name})
    assert await retention.remove_old_runs(quiet.services) == 3
    assert [tuple(row) for row in await quiet.services.database.rows(_KEPT)] == [("four", 1)]
    assert await retention.remove_old_runs(quiet.services) == 0
