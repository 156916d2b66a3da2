"""Checks as inputs."""

from typing import Any

import strawberry

from app.rollouts.checks import CheckKind
from schema.strategies.types import DURATION

CONDITIONS = (
    " `passes` and `fails` are expressions in CEL that are true or false. If both are given and neither is true, the"
    " measurement is INCONCLUSIVE."
)


@strawberry.input(
    description="An object of the release on each cluster of the wave. The expressions can use `object` and, as"
    " variables, its fields `apiVersion`, `kind`, `metadata`, `spec`, `status` and `data`." + CONDITIONS
)
class ObjectCheckInput:
    kind: str = strawberry.field(description="Such as `Deployment`. Secrets cannot be examined.")
    name: str
    namespace: str | None = strawberry.field(default=None, description="Default: that of the release.")
    api_group: str | None = strawberry.field(default=None, description="Default: any group that has the kind.")
    passes: str | None = strawberry.field(default=None, description="Such as `status.readyReplicas >= 2`.")
    fails: str | None = None


@strawberry.input(description="A header of a request.")
class HeaderInput:
    name: str
    value: str


@strawberry.input(description="A header with the value of a secret, which the caller has to be allowed to use.")
class SecretHeaderInput:
    name: str
    secret: str = strawberry.field(description="The name of the secret.")
    key: str
    prefix: str = strawberry.field(default="", description="Such as `Bearer `.")


@strawberry.input(
    description="An HTTP request, which is sent by Polyhelm and follows no redirects. The expressions can use `status`,"
    " `headers` (with lower-case names), `body` and `json`. Without one, a status from 200 to 299 passes." + CONDITIONS
)
class HttpCheckInput:
    url: str = strawberry.field(description="With https. Plain HTTP and private addresses must be allowed by settings.")
    method: str = strawberry.field(default="GET", description="GET, HEAD or POST.")
    headers: list[HeaderInput] | None = None
    secret_headers: list[SecretHeaderInput] | None = None
    body: str | None = None
    timeout: str = strawberry.field(default="10s", description="At most `60s`. " + DURATION)
    passes: str | None = None
    fails: str | None = None


@strawberry.input(
    description="An instant query to the HTTP API of Prometheus. The expressions can use `result`, the list of values,"
    " and `samples`, a list of objects with `labels` and `value`. A value that is not a finite number is null."
    + CONDITIONS
)
class PrometheusCheckInput:
    url: str = strawberry.field(description="Such as `https://prometheus.example.com`.")
    query: str
    secret_headers: list[SecretHeaderInput] | None = None
    timeout: str = strawberry.field(default="10s", description="At most `60s`. " + DURATION)
    passes: str | None = strawberry.field(default=None, description="Such as `result[0] < 0.01`.")
    fails: str | None = None


@strawberry.input(description="An environment variable.")
class VariableInput:
    name: str
    value: str


@strawberry.input(
    description="A Job that is run on the cluster of each target, in the namespace of the release: PASSED if its"
    " container ends with 0. It is deleted afterwards."
)
class JobCheckInput:
    image: str
    command: list[str] | None = None
    args: list[str] | None = None
    env: list[VariableInput] | None = None
    timeout: str = strawberry.field(
        default="5m",
        description="After which Kubernetes ends the Job, which fails; at most `6h`. " + DURATION,
    )


@strawberry.input(
    description="A check is measured again and again until its verdict is known. It has exactly one of the fields for"
    " what is measured."
)
class CheckInput:
    name: str = strawberry.field(description="Unique among the checks of the wave.")
    interval: str = strawberry.field(default="30s", description="The time between two measurements. " + DURATION)
    count: int = strawberry.field(
        default=1, description="The number of measurements with a result after which the check has PASSED."
    )
    failure_limit: int = strawberry.field(
        default=0, description="With more failed measurements, the check and the rollout have FAILED."
    )
    inconclusive_limit: int = strawberry.field(
        default=0, description="With more inconclusive measurements, the check is INCONCLUSIVE, and the wave waits."
    )
    error_limit: int = strawberry.field(
        default=4,
        description="With more errors in a row, the check ends with the verdict ERROR, and the wave waits.",
    )
    health: bool = strawberry.field(
        default=False,
        description="The health of the wave's targets: PASSED if all are HEALTHY, FAILED if one is DEGRADED or MISSING,"
        " ERROR if its cluster is unreachable, else INCONCLUSIVE.",
    )
    object: ObjectCheckInput | None = None
    http: HttpCheckInput | None = None
    prometheus: PrometheusCheckInput | None = None
    job: JobCheckInput | None = None


def stored_check(given: CheckInput) -> dict[str, Any]:
    """The check in the form that is stored. It is not checked yet: its kind is None unless exactly one is given."""
    specs = {
        CheckKind.HEALTH: {} if given.health else None,
        CheckKind.OBJECT: _object(given.object) if given.object is not None else None,
        CheckKind.HTTP: _http(given.http) if given.http is not None else None,
        CheckKind.PROMETHEUS: _prometheus(given.prometheus) if given.prometheus is not None else None,
        CheckKind.JOB: _job(given.job) if given.job is not None else None,
    }
    found = [(kind, spec) for kind, spec in specs.items() if spec is not None]
    kind, spec = found[0] if len(found) == 1 else (None, {})
    return {
        "name": given.name,
        "kind": kind.value if kind is not None else None,
        "interval": given.interval,
        "count": given.count,
        "failureLimit": given.failure_limit,
        "inconclusiveLimit": given.inconclusive_limit,
        "errorLimit": given.error_limit,
        "spec": spec,
    }


def _object(given: ObjectCheckInput) -> dict[str, Any]:
    return {
        "kind": given.kind,
        "name": given.name,
        "namespace": given.namespace,
        "apiGroup": given.api_group,
        "passes": given.passes,
        "fails": given.fails,
    }


def _http(given: HttpCheckInput) -> dict[str, Any]:
    headers = [{"name": header.name, "value": header.value} for header in given.headers or ()]
    return {
        "url": given.url,
        "method": given.method,
        "headers": headers,
        "secretHeaders": _secret_headers(given.secret_headers),
        "body": given.body,
        "timeout": given.timeout,
        "passes": given.passes,
        "fails": given.fails,
    }


def _prometheus(given: PrometheusCheckInput) -> dict[str, Any]:
    return {
        "url": given.url,
        "query": given.query,
        "secretHeaders": _secret_headers(given.secret_headers),
        "timeout": given.timeout,
        "passes": given.passes,
        "fails": given.fails,
    }


def _job(given: JobCheckInput) -> dict[str, Any]:
    return {
        "image": given.image,
        "command": given.command or [],
        "args": given.args or [],
        "env": [{"name": each.name, "value": each.value} for each in given.env or ()],
        "timeout": given.timeout,
    }


def _secret_headers(given: list[SecretHeaderInput] | None) -> list[dict[str, Any]]:
    return [
        {"name": header.name, "secret": header.secret, "key": header.key, "prefix": header.prefix}
        for header in given or ()
    ]
