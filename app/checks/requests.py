"""Measures checks that send a request: to any address, or a query to Prometheus."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import orjson
from sqlmodel import col, select

from app.checks.client import FetchError, Received
from app.checks.conditions import judged
from app.checks.secret_headers import Obstacle, UnusableSecretError, header_value
from app.checks.services import CheckServices
from app.checks.subject import Subject
from app.core.threads import in_thread
from app.releases.scrubbing import Scrubber
from app.rollouts.check_requests import UnreadableAnswerError, samples_of
from app.rollouts.checks import Finding
from app.rollouts.durations import duration
from app.rollouts.given_checks import CONDITIONS
from app.rollouts.states import Answer
from app.tables.secrets import Secret

_MOST_SHOWN = 5
"""The values of a query that a message shows."""


async def http_request(services: CheckServices, subject: Subject) -> Finding:
    """Sends the request, and judges its answer: by the conditions or, without one, by its status."""
    spec = subject.rule.spec
    body = spec["body"].encode() if spec["body"] is not None else None
    found = await _sent(services, subject, spec["method"], spec["url"], body)
    if isinstance(found, Finding):
        return found
    received, scrubber = found
    shown = f" (status {received.status})"
    if all(spec[name] is None for name in CONDITIONS):
        passed = 200 <= received.status < 300
        return Finding(Answer.PASSED if passed else Answer.FAILED, f"The answer has the status {received.status}.")
    text = received.body.decode(errors="replace")
    variables = {
        "status": received.status,
        "headers": {name.lower(): value for name, value in received.headers.items()},
        "body": text,
        "json": _json(received.body),
    }
    return await _clean(scrubber, await judged(services, subject.row.organization_id, spec, variables, shown))


async def prometheus_query(services: CheckServices, subject: Subject) -> Finding:
    """Evaluates an instant query, and judges its result by the conditions."""
    spec = subject.rule.spec
    url = f"{spec['url'].rstrip('/')}/api/v1/query"
    content = urlencode({"query": spec["query"]}).encode()
    found = await _sent(services, subject, "POST", url, content, {"Content-Type": "application/x-www-form-urlencoded"})
    if isinstance(found, Finding):
        return found
    received, scrubber = found
    try:
        answer = _json(received.body)
        if received.status >= 300 and not isinstance(answer, dict):
            raise UnreadableAnswerError(f"The answer has the status {received.status}.")
        samples = samples_of(answer)
    except UnreadableAnswerError as error:
        return await _clean(scrubber, Finding(Answer.ERROR, str(error)))
    values = [sample["value"] for sample in samples]
    variables = {"result": values, "samples": samples}
    return await _clean(scrubber, await judged(services, subject.row.organization_id, spec, variables, _shown(values)))


async def _sent(
    services: CheckServices,
    subject: Subject,
    method: str,
    url: str,
    body: bytes | None,
    own: Mapping[str, str] | None = None,
) -> tuple[Received, Scrubber] | Finding:
    """The answer, with what keeps the values of secrets out of messages; or the error that there is none."""
    spec = subject.rule.spec
    try:
        secrets = await _secret_values(services, subject)
        secret = {header["name"]: header["prefix"] + value for header, value in secrets}
        headers = {header["name"]: header["value"] for header in spec.get("headers", ())} | secret
        received = await services.check_client.fetch(
            method,
            url,
            organization_id=subject.row.organization_id,
            headers={"User-Agent": "polyhelm", **headers, **(own or {})},
            seconds=duration(spec["timeout"]).total_seconds(),
            body=body,
        )
    except (FetchError, UnusableSecretError) as error:
        return Finding(Answer.ERROR, str(error))
    return received, await in_thread(Scrubber, [*secret.values(), *(value for _, value in secrets)])


async def _secret_values(services: CheckServices, subject: Subject) -> list[tuple[Mapping[str, str], str]]:
    """The headers with secrets, each with the value of its secret. Secrets are bound by their ids: a later one of the
    same name may be one that the author of the strategy could not use."""
    given = subject.rule.spec["secretHeaders"]
    if not given:
        return []
    statement = select(Secret).where(
        col(Secret.id).in_([header["secretId"] for header in given]),
        col(Secret.organization_id) == subject.row.organization_id,
    )
    async with services.database.reading() as session:
        secrets = {secret.id: secret for secret in (await session.exec(statement)).all()}
    found = []
    for header in given:
        secret = secrets.get(header["secretId"])
        if secret is None:
            message = f"The secret {header['secret']} was deleted: set the strategy again."
            raise UnusableSecretError(Obstacle.MISSING, message)
        found.append((header, header_value(services.key_ring, secret, header["key"], header["prefix"])))
    return found


async def _clean(scrubber: Scrubber, finding: Finding) -> Finding:
    """The message must not have been cut before: a part of a value might not be recognized."""
    return Finding(finding.answer, await in_thread(scrubber.clean, finding.message))


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except ValueError:
        return None


def _shown(values: list[float | None]) -> str:
    if not values:
        return " (the query has no result)"
    texts = ["NaN" if value is None else f"{value:g}" for value in values[:_MOST_SHOWN]]
    return f" ({', '.join(texts)}{', …' if len(values) > _MOST_SHOWN else ''})"
