"""Health rules judge the objects of a kind by expressions in CEL, as in Flux's `healthCheckExprs`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from app.cel.expression import CelError, CompileError, Environment, EvaluationError, Expression, Returns
from app.health.fields import UnreadableError, conditions
from app.health.health import Health, HealthVerdict
from app.health.kinds import Kind

VARIABLES = ("apiVersion", "kind", "metadata", "spec", "status", "data", "object")
"""The variables of an expression: the usual fields of an object, empty if it lacks them, and the whole object."""

Rule = Callable[[Mapping[str, Any]], HealthVerdict]
"""Judges the objects of one kind. It raises nothing."""
Rules = Mapping[Kind, Rule]
"""Rules for kinds. A rule replaces the other verdicts on its kind."""

MAX_NODES = 5_000
"""The maximum number of values in an object that rules judge: an expression can examine each of them, and there are
several expressions."""

_MESSAGES = {
    Health.SUSPENDED: "It is paused",
    Health.PROGRESSING: "Its controller has not yet reported that it is ready",
    Health.DEGRADED: "Its controller has reported a failure",
}
"""For objects that give no message of their own."""

_ENVIRONMENT = Environment(VARIABLES)
_MAPS = ("metadata", "spec", "status", "data")


class RuleError(ValueError):
    """An expression of a rule cannot be used. `field` is its name in `HealthRule`."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(problem)
        self.field = field


@dataclass(frozen=True, slots=True)
class HealthRule:
    """Expressions about the objects of a kind. The first that is true, in this order, has the health: `suspended`
    (SUSPENDED), `in_progress` (PROGRESSING), `failed` (DEGRADED), `current` (HEALTHY); if none is, it is PROGRESSING.

    `reason` and `message` give texts for what is not healthy. Without them these are those of the first condition that
    is not True, or else of the condition Ready.
    """

    current: str
    in_progress: str | None = None
    failed: str | None = None
    suspended: str | None = None
    reason: str | None = None
    message: str | None = None


def compiled(kind: str, rule: HealthRule) -> Rule:
    """The compiled rule.

    Raises:
        RuleError: if an expression is not valid, uses unknown names, or returns another type.
    """

    def ready(field: str, text: str, returns: Returns) -> Expression:
        try:
            return _ENVIRONMENT.compile(text, returns)
        except CompileError as error:
            raise RuleError(field, str(error)) from None

    steps = [
        (health, ready(field, text, Returns.BOOLEAN))
        for health, field, text in (
            (Health.SUSPENDED, "suspended", rule.suspended),
            (Health.PROGRESSING, "in_progress", rule.in_progress),
            (Health.DEGRADED, "failed", rule.failed),
            (Health.HEALTHY, "current", rule.current),
        )
        if text is not None
    ]
    texts = {
        field: ready(field, text, Returns.TEXT)
        for field, text in (("reason", rule.reason), ("message", rule.message))
        if text is not None
    }

    def judge(live: Mapping[str, Any]) -> HealthVerdict:
        if not _is_small(live):
            problem = f"The object has more than {MAX_NODES:,} values, so the health rule for {kind} does not apply"
            return HealthVerdict(Health.UNKNOWN, "TooLarge", problem)
        variables = variables_of(live)
        try:
            health = next((health for health, step in steps if _value(step, variables)), Health.PROGRESSING)
            if health is Health.HEALTHY:
                return HealthVerdict(health)
            reason, message = _words(live)
            if "reason" in texts:
                reason = _value(texts["reason"], variables) or reason
            if "message" in texts:
                message = _value(texts["message"], variables) or message
            return HealthVerdict(health, reason or None, message or _MESSAGES[health])
        except CelError as error:
            return HealthVerdict(Health.UNKNOWN, "RuleFailed", f"The health rule for {kind} failed: {error}")

    return judge


def _value(expression: Expression, variables: Mapping[str, Any]) -> Any:
    try:
        return expression.evaluate(variables)
    except EvaluationError as error:
        raise EvaluationError(f"{error}, in `{expression.text.strip()}`") from None


def variables_of(live: Mapping[str, Any]) -> dict[str, Any]:
    """The values of `VARIABLES` for an object."""
    return {
        "apiVersion": live.get("apiVersion", ""),
        "kind": live.get("kind", ""),
        "object": live,
        **{name: {} if live.get(name) is None else live[name] for name in _MAPS},
    }


def _is_small(live: Mapping[str, Any]) -> bool:
    left: list[Any] = [live]
    seen = 0
    while left:
        value = left.pop()
        if isinstance(value, Mapping):
            left += value.values()
        elif isinstance(value, list):
            left += value
        seen += 1
        if seen + len(left) > MAX_NODES:
            return False
    return True


def _words(live: Mapping[str, Any]) -> tuple[str | None, str | None]:
    try:
        found = [condition for condition in conditions(live) if condition.reason or condition.message]
    except UnreadableError:
        return None, None
    best = next((condition for condition in found if condition.status != "True"), None) or next(
        (condition for condition in found if condition.type == "Ready"), None
    )
    return (best.reason, best.message) if best else (None, None)
