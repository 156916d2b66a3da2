"""Checks health rules of users, and judges objects by them, in child processes: their cost has no bound."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from app.core.errors import Problem
from app.core.threads import in_thread
from app.health.health import Health, HealthVerdict
from app.health.kinds import Kind
from app.health.rules import HealthRule
from app.sandbox.pool import PERMANENT, TOO_EXPENSIVE, Outcome, Pool, RunError

PROGRAM = Path(__file__).with_name("rule_program.py")
_AGAIN = timedelta(seconds=5)
"""When an object is judged again if the machine was too busy."""


@dataclass(frozen=True, slots=True)
class CustomRule:
    """A rule of an organization for a kind."""

    kind: Kind
    rule: HealthRule


def api_field(field: str) -> str:
    """The name of a field of `HealthRule` in the API."""
    return "inProgress" if field == "in_progress" else field


async def problem_of(pool: Pool, organization_id: int, custom: CustomRule) -> Problem | None:
    """Returns the problem with a rule whose expressions are not valid, use unknown names or return another type."""
    try:
        answer = await _asked(pool, organization_id, custom, None, None)
    except RunError as error:
        return Problem(("current",), f"The expressions could not be compiled: {_why(error, pool)}.")
    if "refused" not in answer:
        return None
    field, message = answer["refused"]
    return Problem((api_field(field),), f"{api_field(field)}: {message}.")


async def judge(
    pool: Pool, organization_id: int, custom: CustomRule, live: Mapping[str, Any], moment: datetime
) -> HealthVerdict:
    """The verdict on an object, given with its `apiVersion` and `kind`. A rule that fails gives UNKNOWN."""
    kind = custom.kind.kind
    try:
        answer = await _asked(pool, organization_id, custom, live, moment)
    except RunError as error:
        again_at = None if error.outcome in PERMANENT else moment + _AGAIN
        message = f"The health rule for {kind} failed: {_why(error, pool)}"
        return HealthVerdict(Health.UNKNOWN, "RuleFailed", message, again_at)
    if "refused" in answer:
        field, message = answer["refused"]
        problem = f"The health rule for {kind} failed: {api_field(field)}: {message}"
        return HealthVerdict(Health.UNKNOWN, "RuleFailed", problem)
    health, reason, message = answer["verdict"]
    return HealthVerdict(Health(health), reason, message)


async def _asked(
    pool: Pool, organization_id: int, custom: CustomRule, live: Mapping[str, Any] | None, moment: datetime | None
) -> Any:
    asked = {
        **custom.kind._asdict(),
        "rule": asdict(custom.rule),
        "object": live,
        "moment": moment and moment.isoformat(),
    }
    request = await in_thread(json.dumps, asked)
    return await in_thread(json.loads, await pool.run(organization_id, request.encode()))


def _why(error: RunError, pool: Pool) -> str:
    if error.outcome is Outcome.CRASHED:
        return "the evaluation crashed, which is an error of Polyhelm itself"
    if error.outcome in TOO_EXPENSIVE:
        return f"its expressions may use {pool.seconds:g} s of CPU time and {pool.memory // 2**20:,} MiB of memory"
    return "the server is too busy"
