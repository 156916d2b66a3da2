"""Executes an attempt: calls its function, and returns the outcome."""

import asyncio

import orjson
import structlog
from prometheus_client import Counter

from app.automation.attempts import Begun, Key, Outcome, begin_attempt, failed, let_wait
from app.core.database import LOST
from app.core.errors import ActionError, UserError
from app.core.tenancy import acting_for
from app.identity.credentials import viewer_by_id
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
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0


async def execute(services: StepServices, key: Key, begun: Begun | None) -> Outcome | None:
    """Works on an attempt. Returns its outcome; None if it waits or has ended. `begun` is given if this execution is
    counted already. Postgres may be unavailable meanwhile."""
    pause = _FIRST_PAUSE
    while True:
        try:
            begun = begun or await begin_attempt(services, key)
            if begun is None:
                return None
            with acting_for(begun.run.organization_id):
                found = await _outcome(services, key, begun)
            if isinstance(found, WaitKind):
                await let_wait(services, begun.run, key, found)
                ATTEMPTS.labels(begun.type, "waiting").inc()
                return None
        except LOST as error:
            log.warning("workflows.database_lost", run=key[0], path=key[1], error=str(error))
        except Exception as error:
            log.exception("workflows.attempt_failed", run=key[0], path=key[1])
            return failed(key[1], "internal", f"{type(error).__name__} (the log of the worker has it).")
        else:
            ATTEMPTS.labels(begun.type, "failed" if found["error"] else "succeeded").inc()
            return found
        begun = None  # what is done again is counted
        await asyncio.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


async def _outcome(services: StepServices, key: Key, begun: Begun) -> Outcome | WaitKind:
    run = begun.run
    if begun.executions > MOST_EXECUTIONS:
        return failed(key[1], "interrupted", f"Workers ended during {MOST_EXECUTIONS} executions of the attempt.")
    viewer = None
    if run.starter_id is not None:
        viewer = await viewer_by_id(services.database, run.starter_id, run.organization_id, run.ceiling)
    if viewer is None:
        return failed(key[1], "starter_gone", f"{run.starter} is no longer a member of the organization.")
    function = FUNCTIONS.get(begun.type)
    if function is None:
        return failed(key[1], "unknown_type", f"This version has no step type {begun.type}.")
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
    except (StepFailed, UserError, ActionError) as error:
        return failed(key[1], error.code, error.message)
    except LOST:
        raise
    except Exception as error:
        log.exception("workflows.attempt_failed", run=run.id, path=begun.path, type=begun.type)
        return failed(key[1], "internal", f"{type(error).__name__} (the log of the worker has it).")
    if size > MAX_OUTPUTS:
        return failed(key[1], "outputs_too_large", f"The outputs have {size:,} bytes, and at most {MAX_OUTPUTS:,}.")
    return {"outputs": outputs, "error": None}
