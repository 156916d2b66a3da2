"""The step types that end with an event: nothing works on them while they wait. `pending-result` and `run-workflow`
have a function, too, which ends with a wait."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.rollouts.durations import duration
from app.workflows.run import Wait, WaitKind

WAITING = frozenset({"sleep", "signal", "approve"})


def wait_of(step_type: str, inputs: Mapping[str, Any], now: datetime) -> Wait | None:
    """What an attempt waits for that begins now; None for a step type with a function. The inputs fit the schema.

    Raises:
        ValueError: the duration is longer than a year.
    """
    match step_type:
        case "sleep":
            return Wait(WaitKind.SLEEP, until=now + duration(inputs["duration"]))
        case "signal":
            return Wait(WaitKind.SIGNAL, signal=inputs["signal"])
        case "approve":
            return Wait(WaitKind.APPROVAL)
    return None
