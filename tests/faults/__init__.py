"""Faults between Polyhelm and what it talks to.

`Proxy` stands before one Kubernetes API server, real or simulated, terminates TLS, and can fail single requests; it
counts and records all of them. `Line` stands before anything that speaks TCP, such as Postgres or Redis, and can fail
whole connections.

    async with Proxy(member.kubeconfig) as proxy:
        await stack.register("paris", proxy.kubeconfig)
        rule = proxy.fault(status(503), where=writes_record, times=1)
        ...
        await rule.hit()
        proxy.heal()
        assert proxy.count(method="PUT", path="/secrets/") == 2
"""

from tests.faults.failures import (
    Cut,
    Delay,
    Drip,
    Elsewhere,
    Failure,
    Hang,
    Wrong,
    conflict,
    gone,
    html,
    listing,
    null,
    status,
    throttled,
    timed_out,
)
from tests.faults.line import Line
from tests.faults.proxy import Proxy
from tests.faults.requests import Request, by_helm, watches, writes_record
from tests.faults.rules import Rule

__all__ = [
    "Cut",
    "Delay",
    "Drip",
    "Elsewhere",
    "Failure",
    "Hang",
    "Line",
    "Proxy",
    "Request",
    "Rule",
    "Wrong",
    "by_helm",
    "conflict",
    "gone",
    "html",
    "listing",
    "null",
    "status",
    "throttled",
    "timed_out",
    "watches",
    "writes_record",
]
