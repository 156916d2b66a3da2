"""Runs as rows, and in the form in which the process with their expressions reads them."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from app.tables.runs import StepRun, WorkflowRun
from app.workflows.run import StepState, WaitKind


def run_form(
    row: WorkflowRun, steps: Mapping[str, StepRun], outcomes: Mapping[str, Mapping[str, Any]] = MappingProxyType({})
) -> dict[str, Any]:
    """The form of a run, as `app.workflows.stored_form` reads it. `outcomes` are those of attempts that have just
    ended, by path."""
    return {
        "parameters": row.parameters,
        "steps": {path: _step_form(step, outcomes.get(path, step.outcome)) for path, step in steps.items()},
        "state": row.state,
        "isCancelling": row.is_cancelling,
    }


def _step_form(row: StepRun, outcome: Mapping[str, Any] | None) -> dict[str, Any]:
    wait = row.wait and {"kind": row.wait, "until": _text(row.wait_until), "signal": row.wait_signal}
    return {
        "state": row.state,
        "startedAt": row.started_at.isoformat(),
        "endedAt": _text(row.ended_at),
        "attempt": row.attempt,
        "due": _text(row.due),
        "inputs": row.inputs,
        "wait": wait,
        "items": row.items,
        "outcome": outcome,
        "outputs": row.outputs,
        "error": row.error,
    }


def step_columns(
    run_id: int, path: str, form: Mapping[str, Any], before: StepRun | None, version: int, *, is_executed: bool
) -> dict[str, Any]:
    """The columns of a step that a new version of its run changes. `is_executed` says that a worker executes the
    attempt that begins."""
    begins = form["attempt"] > 0 and (before is None or before.attempt != form["attempt"])
    wait = form["wait"] or {"kind": None, "until": None, "signal": None}
    return {
        "run_id": run_id,
        "path": path,
        "type": form["type"],
        "state": StepState(form["state"]),
        "attempt": form["attempt"],
        "begun_version": version if begins else before.begun_version if before else 0,
        "executions": before.executions if before and not begins else int(is_executed),
        "started_at": datetime.fromisoformat(form["startedAt"]),
        "ended_at": _time(form["endedAt"]),
        "due": _time(form["due"]),
        "inputs": form["inputs"],
        "wait": wait["kind"] and WaitKind(wait["kind"]),
        "wait_until": _time(wait["until"]),
        "wait_signal": wait["signal"],
        "items": form["items"],
        "outcome": form["outcome"],
        "outputs": form["outputs"],
        "error": form["error"],
    }


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
