"""`http-request`: sends a request where users' addresses may lead (docs/decisions/outgoing.md)."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from app.checks.client import FetchError
from app.checks.secret_headers import UnusableSecretError, header_value
from app.core.threads import in_thread
from app.releases.scrubbing import Scrubber
from app.rollouts.check_requests import is_value
from app.rollouts.durations import duration
from app.steps.conditions import conditions_of, judged
from app.steps.context import StepContext, StepFailed
from app.steps.secrets import CODES, named_secrets

_SECONDS = 60.0
_MOST_SHOWN = 200
_INTERVAL = "10s"
_SHORTEST_PAUSE = 0.1
MOST_FAILURES = 10
"""Requests in a row that get no response, or one that says to try again, after which a step with a condition fails."""


async def http_request(context: StepContext, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    """Sends the request once, or until a condition is true. The header `Idempotency-Key` is the same if the attempt is
    executed again."""
    conditions = conditions_of(inputs)
    if "until" not in conditions:
        if conditions or "interval" in inputs:
            raise StepFailed("invalid_inputs", "`failIf` and `interval` need `until`.")
        return await response_to(context, inputs)
    pause = max(duration(inputs.get("interval", _INTERVAL)).total_seconds(), _SHORTEST_PAUSE)
    note, failures = "", 0
    while True:
        try:
            response = await response_to(context, inputs)
        except StepFailed as failure:
            failures += 1
            if failure.code != "unavailable" or failures == MOST_FAILURES:
                raise
            said = failure.message
        else:
            failures = 0
            verdict = await judged(context, conditions, response)
            if verdict.has_failed:
                raise StepFailed("condition", f"`failIf` is true for the response of {inputs['url']}.")
            if verdict.is_met:
                return response
            said = verdict.said or f"The status is {response['status']}, and `until` is not true yet."
        if said != note:
            note = said
            await context.log(said)
        await asyncio.sleep(pause)


async def response_to(
    context: StepContext, inputs: Mapping[str, Any], *, hidden: Sequence[str] = ()
) -> Mapping[str, Any]:
    """Sends the request. The response, and the error, contain neither values of secrets nor the `hidden` texts.

    Raises:
        StepFailed: no response was received, or its status is 400 or more.
    """
    method, url = inputs.get("method", "GET"), inputs["url"]
    secrets, values = await _secret_headers(context, inputs.get("secretHeaders", []))
    headers = {"User-Agent": "polyhelm", "Idempotency-Key": context.key}
    body = None
    if "body" in inputs:
        body = inputs["body"].encode() if isinstance(inputs["body"], str) else orjson.dumps(inputs["body"])
        if not isinstance(inputs["body"], str):
            headers["Content-Type"] = "application/json"
    given = {**inputs.get("headers", {}), **secrets}
    own = {name: value for name, value in headers.items() if name.lower() not in map(str.lower, given)}
    for name, value in inputs.get("headers", {}).items():
        if not is_value(value):
            raise StepFailed("invalid_inputs", f"The value of the header {name} cannot be sent.")
    scrubber = await in_thread(Scrubber, [*hidden, *values])
    timeout = inputs.get("timeout")
    try:
        received = await context.services.check_client.fetch(
            method,
            url,
            organization_id=context.organization_id,
            headers={**own, **given},
            seconds=_SECONDS if timeout is None else min(duration(timeout).total_seconds(), _SECONDS),
            body=body,
        )
    except FetchError as error:
        raise StepFailed("unavailable", await in_thread(scrubber.clean, str(error))) from None
    text = await in_thread(scrubber.clean, received.body.decode(errors="replace"))
    if received.status >= 400:
        code = "unavailable" if received.status in (429, 502, 503, 504) else "http_status"
        raise StepFailed(code, f"The response has the status {received.status}: {text[:_MOST_SHOWN]}")
    shown = {name.lower(): await in_thread(scrubber.clean, value) for name, value in received.headers.items()}
    return {"status": received.status, "headers": shown, "body": _parsed(text, shown)}


def _parsed(text: str, headers: Mapping[str, str]) -> Any:
    """The body: what JSON means if the response says that it is JSON, else its text."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json" or kind.endswith("+json"):
        try:
            return orjson.loads(text)
        except ValueError:
            return text
    return text


async def _secret_headers(context: StepContext, given: list[Mapping[str, str]]) -> tuple[dict[str, str], list[str]]:
    """The headers with values of secrets, which the starter of the run may use, and the texts that must not be shown:
    a server may repeat a value without its prefix."""
    secrets = await named_secrets(context, [header["secret"] for header in given])
    found, values = dict[str, str](), list[str]()
    for header in given:
        secret, prefix = secrets[header["secret"]], header.get("prefix", "")
        try:
            value = header_value(context.services.key_ring, secret, header["key"], prefix)
        except UnusableSecretError as error:
            raise StepFailed(CODES[error.obstacle], str(error)) from None
        found[header["name"]] = prefix + value
        values.append(value)
    return found, [*found.values(), *values]
