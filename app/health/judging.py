"""Judges the health of a live object."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from app.health.differences import DIFFERENCES
from app.health.fields import UnreadableError, text
from app.health.health import Health, HealthVerdict, shortened
from app.health.kinds import kind_of
from app.health.kstatus import compute, standard_conditions, terminating, unobserved
from app.health.result import Result, Status
from app.health.rules import Rules

_HEALTH = {
    Status.CURRENT: Health.HEALTHY,
    Status.IN_PROGRESS: Health.PROGRESSING,
    Status.FAILED: Health.DEGRADED,
    Status.TERMINATING: Health.TERMINATING,
}


def health_of(live: Mapping[str, Any], rules: Rules, now: datetime) -> HealthVerdict:
    """The verdict on an object as the API server has it.

    Anyone who can create objects on the cluster decides what is in `live`, so this raises for no JSON object. An object
    whose fields have unexpected types is UNKNOWN, and the message names the field. The time is linear in the size of
    the object.

    Args:
        live: the whole object, with its status.
        rules: rules for kinds, such as those in the shipped packs.
        now: the time, with a time zone.
    """
    try:
        verdict = _judged(live, rules, now)
    except UnreadableError as error:
        verdict = HealthVerdict(Health.UNKNOWN, "Unreadable", f"The status cannot be read: {error}.")
    reason, message = shortened(verdict.reason or ""), shortened(verdict.message or "")
    return replace(verdict, reason=reason or None, message=message or None)


def _judged(live: Mapping[str, Any], rules: Rules, now: datetime) -> HealthVerdict:
    """The first verdict that applies: the object is being deleted, its newest generation is not observed, a rule, a
    difference, kstatus."""
    if result := terminating(live):
        return _verdict(result)
    kind = kind_of(live)
    if rule := rules.get(kind):
        # Rollouts store the observed generation as a text, which their rule compares.
        result = None if text(live, "status", "observedGeneration") else unobserved(live)
        return _verdict(result) if result else rule(live)
    if result := unobserved(live) or standard_conditions(live):
        return _verdict(result)
    for difference in DIFFERENCES.get(kind, ()):
        if verdict := difference(live, now):
            return verdict
    return _verdict(compute(live, now))


def _verdict(result: Result) -> HealthVerdict:
    return HealthVerdict(_HEALTH[result.status], result.reason, result.message, result.again_at)
