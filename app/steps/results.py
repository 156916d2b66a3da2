"""`pending-result`: gives another system a token, with which that system completes the step later."""

from collections.abc import Mapping
from typing import Any

from app.automation.results import expect_result
from app.steps.context import StepContext, StepFailed
from app.steps.requests import response_to
from app.workflows.run import WaitKind

PLACE = "{token}"
_FILLED = ("url", "headers", "body")


async def pending_result(context: StepContext, inputs: Mapping[str, Any]) -> WaitKind:
    """The token belongs to the attempt: it is the same if the attempt is executed again, and is stored nowhere. The
    result may arrive before the response does."""
    token = await context.services.fingerprints.token(f"pending-result/{context.key}")
    request = dict(inputs["request"])
    filled = {name: _with(request[name], token) for name in _FILLED if name in request}
    if all(filled[name] == request[name] for name in filled):
        raise StepFailed("invalid_inputs", f"The url, the headers or the body of `request` has to contain {PLACE}.")
    await expect_result(context.services, (context.run_id, context.path, context.version), token)
    await response_to(context, request | filled, hidden=[token])
    return WaitKind.RESULT


def _with(value: Any, token: str) -> Any:
    """The value with the token in its texts. Names of fields stay as they are."""
    match value:
        case str():
            return value.replace(PLACE, token)
        case list():
            return [_with(each, token) for each in value]
        case dict():
            return {name: _with(each, token) for name, each in value.items()}
    return value
