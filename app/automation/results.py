"""Results from outside: a step gives another system a token, and who has the token completes the step, once.

The token is the credential, as it has 256 random bits. Only its digest is stored.
"""

import hashlib
import json
from typing import Any

import orjson
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from app.automation.attempts import Key
from app.automation.codes import WorkflowCode, WorkflowEvent
from app.automation.continuing import continue_soon
from app.automation.events import named, record_event
from app.automation.services import WorkflowServices
from app.automation.steering import LONGEST_TEXT, MAX_PAYLOAD
from app.core.errors import Conflict, NotFound, Problem, all_invalid
from app.identity.viewer import Viewer
from app.tables.columns import now
from app.tables.runs import PendingResult, StepRun, WorkflowRun
from app.workflows.run import RunState, StepState

FAILED = "result_error"
"""The code of the error of a step for which an error was given."""


async def expect_result(services: WorkflowServices, key: Key, token: str) -> None:
    """Stores that an attempt ends with a result for this token."""
    run_id, path, version = key
    row = insert(PendingResult).values(
        run_id=run_id, path=path, begun_version=version, digest=_digest(token), created_at=now()
    )
    async with services.transaction() as transaction:
        await transaction.session.execute(row.on_conflict_do_nothing())


async def complete_pending_result(
    services: WorkflowServices, viewer: Viewer | None, token: str, result: Any, error: str | None
) -> bool:
    """Ends the step with this token, with a result or an error. The token alone entitles to it; `viewer` is only for
    the event. Returns False if the same was given before, which changes nothing.

    Raises:
        UserError: there is no such step, it has another result, or it has ended without one.
    """
    if problems := _problems(result, error):
        raise all_invalid(problems)
    given = hashlib.sha256(orjson.dumps([result, error], option=orjson.OPT_SORT_KEYS)).digest()
    found = select(PendingResult).where(col(PendingResult.digest) == _digest(token))
    async with services.transaction() as transaction:
        session = transaction.session
        pending = (await session.exec(found)).first()
        if pending is None:
            raise NotFound(WorkflowCode.RESULT_TOKEN_UNKNOWN, "No step has this token.", ("token",))
        row = await session.get(WorkflowRun, pending.run_id, with_for_update={"key_share": True})
        await session.refresh(pending)  # another call may have held the lock
        if pending.outcome_digest == given:
            return False
        if pending.outcome_digest is not None:
            message = "The step with this token has another result already."
            raise Conflict(WorkflowCode.RESULT_TOKEN_USED, message, ("token",))
        statement = (
            select(StepRun)
            .where(col(StepRun.run_id) == pending.run_id, col(StepRun.path) == pending.path)
            .where(col(StepRun.begun_version) == pending.begun_version, col(StepRun.state) == StepState.RUNNING)
            .where(col(StepRun.outcome).is_(None))
            .with_for_update(key_share=True)
        )
        step = (await session.exec(statement)).first()
        if row is None or row.state is not RunState.RUNNING or step is None:
            message = "The step with this token has ended without a result."
            raise Conflict(WorkflowCode.RESULT_TOKEN_EXPIRED, message, ("token",))
        if error is None:
            step.outcome = {"outputs": {"result": result}, "error": None}
        else:
            step.outcome = {"outputs": None, "error": {"code": FAILED, "message": error, "path": step.path}}
        pending.outcome_digest = given
        session.add_all([step, pending])
        message = f"The step {step.path} of the {named(row)} got its result."
        actor = None if viewer is None else viewer.name
        record_event(transaction, WorkflowEvent.RESULT_TAKEN, message, run=row, actor=actor, step=step.path)
        continue_soon(transaction, row)
        return True


def _problems(result: Any, error: str | None) -> list[Problem]:
    problems = []
    if result is not None and error is not None:
        problems.append(Problem(("error",), "Give either a result or an error."))
    if len(json.dumps(result)) > MAX_PAYLOAD:
        problems.append(Problem(("result",), f"A result has at most {MAX_PAYLOAD // 1024} KiB."))
    if error is not None and not 0 < len(error.strip()) <= LONGEST_TEXT:
        problems.append(Problem(("error",), f"An error has 1 to {LONGEST_TEXT:,} characters."))
    return problems


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
