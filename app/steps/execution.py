"""Executes an attempt: calls its function, and stores the outcome."""

import asyncio
from typing import Any

import orjson
import structlog
from prometheus_client import Counter

from app.automation.attempts import Begun, Key, begin_attempt, end_attempt, let_wait
from app.core.database import LOST, DataRefusedError
from app.core.errors import ActionError, UserError
from app.core.tenancy import acting_for
from app.identity.credentials import viewer_by_id
from app.releases.texts import without_nul
from app.steps.context import StepContext, StepFailed
from app.steps.functions import FUNCTIONS
from app.steps.services import StepServices
from app.workflows.run import WaitKind

log = structlog.get_logger()

ATTEMPTS = Counter(
    "polyhelm_workflow_attempts_total",
    "Executions of attempts of steps, by step type and outcome.",
    ["type", "outcome"],
)

MOST_EXECUTIONS = 10
"""An attempt that ends its worker each time is given up."""
MAX_OUTPUTS = 2**20
"""The size of outputs as JSON, in bytes."""
_LONGEST_MESSAGE = 2_000
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0


async def execute(services: StepServices, key: Key) -> None:
    """Works on an attempt until it has an outcome, or waits. Postgres may be unavailable meanwhile."""
    pause = _FIRST_PAUSE
    outcome: dict[str, Any] | None = None
    while True:
        try:
            if outcome is None:
                begun = await begin_attempt(services, key)
                if begun is None:
                    return
                with acting_for(begun.run.organization_id):
                    found = await _outcome(services, key, begun)
                if isinstance(found, WaitKind):
                    await let_wait(services, begun.run, key, found)
                    ATTEMPTS.labels(begun.type, "waiting").inc()
                    return
                outcome = found
                ATTEMPTS.labels(begun.type, "failed" if outcome["error"] else "succeeded").inc()
            try:
                await end_attempt(services, key, outcome)
            except DataRefusedError:
                await end_attempt(services, key, _failed(key, "outputs_refused", "The outputs cannot be stored."))
            return
        except LOST as error:
            log.warning("workflows.database_lost", run=key[0], path=key[1], error=str(error))
        except Exception as error:
            log.exception("workflows.attempt_failed", run=key[0], path=key[1])
            outcome = _failed(key, "internal", f"{type(error).__name__} (the log of the worker has it).")
        await asyncio.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


async def _outcome(services: StepServices, key: Key, begun: Begun) -> dict[str, Any] | WaitKind:
    run = begun.run
    if begun.executions > MOST_EXECUTIONS:
        return _failed(key, "interrupted", f"Workers ended during {MOST_EXECUTIONS} executions of the attempt.")
    viewer = None
    if run.starter_id is not None:
        viewer = await viewer_by_id(services.database, run.starter_id, run.organization_id, run.ceiling)
    if viewer is None:
        return _failed(key, "starter_gone", f"{run.starter} is no longer a member of the organization.")
    function = FUNCTIONS.get(begun.type)
    if function is None:
        return _failed(key, "unknown_type", f"This version has no step type {begun.type}.")
    context = StepContext(
        services,
        run.organization_id,
        viewer,
        run.id,
        begun.path,
        begun.attempt,
        version=key[2],
        executions=begun.executions,
    )
    try:
        returned = await function(context, begun.inputs)
        if isinstance(returned, WaitKind):
            return returned
        outputs = dict(returned)
        size = len(orjson.dumps(outputs))
    except StepFailed as error:
        return _failed(key, error.code, error.message)
    except UserError as error:
        return _failed(key, error.code, error.message)
    except ActionError as error:
        return _failed(key, error.code, error.message)
    except LOST:
        raise
    except Exception as error:
        log.exception("workflows.attempt_failed", run=run.id, path=begun.path, type=begun.type)
        return _failed(key, "internal", f"{type(error).__name__} (the log of the worker has it).")
    if size > MAX_OUTPUTS:
        return _failed(key, "outputs_too_large", f"The outputs have {size:,} bytes, and at most {MAX_OUTPUTS:,}.")
    return {"outputs": outputs, "error": None}


def _failed(key: Key, code: str, message: str) -> dict[str, Any]:
    error = {"code": str(code), "message": without_nul(message)[:_LONGEST_MESSAGE], "path": key[1]}
    return {"outputs": None, "error": error}
