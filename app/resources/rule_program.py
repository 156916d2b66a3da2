"""Judges objects by health rules of users, in a process that may be killed (`app.sandbox.pool`).

The cost of an expression has no bound (docs/decisions/cel.md).
"""

import json
from datetime import datetime
from functools import lru_cache
from typing import Any

from app.health.judging import health_of
from app.health.kinds import Kind
from app.health.rules import HealthRule, Rule, RuleError, compiled
from app.sandbox.serving import serve

_COMPILED = 200
"""The number of rules that a process keeps compiled."""


def judged(asked: dict[str, Any]) -> dict[str, Any]:
    """Compiles `rule`, a rule for the kind `kind` of `group`, and judges `object` with it at `moment`, if one is given.

    Returns `refused`, the field and the problem of an expression that is not valid, or `verdict`, the health, the
    reason and the message.
    """
    kind = Kind(asked["group"], asked["kind"])
    try:
        rule = _compiled(kind.kind, json.dumps(asked["rule"], sort_keys=True))
    except RuleError as error:
        return {"refused": [error.field, str(error)]}
    if asked["object"] is None:
        return {"verdict": None}
    found = health_of(asked["object"], {kind: rule}, datetime.fromisoformat(asked["moment"]))
    return {"verdict": [found.health, found.reason, found.message]}


@lru_cache(maxsize=_COMPILED)
def _compiled(kind: str, rule: str) -> Rule:
    return compiled(kind, HealthRule(**json.loads(rule)))


def _answer(request: bytes) -> bytes:
    return json.dumps(judged(json.loads(request))).encode()


if __name__ == "__main__":
    serve(
        _answer,
        b'{"group": "a", "kind": "A", "rule": {"current": "status.?a.orValue(1) == 1", "reason": "kind"}, "moment":'
        b' "2026-01-01T00:00:00+00:00", "object": {"apiVersion": "a/v1", "kind": "A", "metadata": {"name": "a"}}}',
    )
