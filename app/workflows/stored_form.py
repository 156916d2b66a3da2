"""The form in which runs are stored, and exchanged with the process that evaluates their expressions: JSON."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.workflows.run import Outcome, Run, RunState, StepError, StepRun, StepState, Wait, WaitKind


def run_of(given: Mapping[str, Any]) -> Run:
    return Run(
        parameters=given["parameters"],
        steps={path: step_of(step) for path, step in given["steps"].items()},
        state=RunState(given["state"]),
        is_cancelling=given["isCancelling"],
        outputs=given.get("outputs"),
        error=_error_of(given.get("error")),
    )


def step_of(given: Mapping[str, Any]) -> StepRun:
    items, outcome, wait = given["items"], given["outcome"], given["wait"]
    return StepRun(
        state=StepState(given["state"]),
        started_at=datetime.fromisoformat(given["startedAt"]),
        ended_at=_time_of(given["endedAt"]),
        attempt=given["attempt"],
        due=_time_of(given["due"]),
        inputs=given["inputs"],
        wait=None if wait is None else Wait(WaitKind(wait["kind"]), _time_of(wait["until"]), wait["signal"]),
        items=None if items is None else tuple(items),
        outcome=None if outcome is None else Outcome(outcome["outputs"], _error_of(outcome["error"])),
        outputs=given["outputs"],
        error=_error_of(given["error"]),
    )


def step_form(step: StepRun) -> dict[str, Any]:
    wait = step.wait
    return {
        "state": step.state.value,
        "startedAt": step.started_at.isoformat(),
        "endedAt": _time_form(step.ended_at),
        "attempt": step.attempt,
        "due": _time_form(step.due),
        "inputs": step.inputs,
        "wait": wait and {"kind": wait.kind.value, "until": _time_form(wait.until), "signal": wait.signal},
        "items": step.items,
        "outcome": step.outcome and outcome_form(step.outcome),
        "outputs": step.outputs,
        "error": error_form(step.error),
    }


def outcome_form(outcome: Outcome) -> dict[str, Any]:
    return {"outputs": outcome.outputs, "error": error_form(outcome.error)}


def error_form(error: StepError | None) -> dict[str, str] | None:
    return None if error is None else {"code": error.code, "message": error.message, "path": error.path}


def _error_of(given: Mapping[str, str] | None) -> StepError | None:
    return None if given is None else StepError(given["code"], given["message"], given["path"])


def _time_of(given: str | None) -> datetime | None:
    return None if given is None else datetime.fromisoformat(given)


def _time_form(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
