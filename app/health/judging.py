"""From a live object to the verdict on its health."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from app.health.fields import UnreadableError
from app.health.health import Health, Verdict, shortened
from app.health.kinds import Kind, kind_of
from app.health.kstatus import compute, terminating, unobserved
from app.health.result import Result, Status

Rule = Callable[[Mapping[str, Any]], Verdict]
"""Judges the objects of one kind. It raises nothing."""
Rules = Mapping[Kind, Rule]
"""Rules for kinds that kstatus does not know well enough. A rule takes the place of what kstatus says of its kind."""

_HEALTH = {
    Status.CURRENT: Health.HEALTHY,
    Status.IN_PROGRESS: Health.PROGRESSING,
    Status.FAILED: Health.DEGRADED,
    Status.TERMINATING: Health.TERMINATING,
}


def health_of(live: Mapping[str, Any], rules: Rules, now: datetime) -> Verdict:
    """The verdict on an object as the API server has it.

    Whoever can create objects decides what is in `live`, so this raises for no JSON object: one whose fields have
    unexpected types is UNKNOWN, and the message names the field. The time is linear in the size of the object.

    Args:
        live: the whole object, with its status.
        rules: rules for kinds, such as those in the shipped packs.
        now: the time, with a time zone.
    """
    try:
        if (rule := rules.get(kind_of(live))) is None:
            return _verdict(compute(live, now))
        if result := terminating(live) or unobserved(live):
            return _verdict(result)
        return rule(live)
    except UnreadableError as error:
        return Verdict(Health.UNKNOWN, "Unreadable", shortened(f"The status cannot be read: {error}."))


def _verdict(result: Result) -> Verdict:
    health = _HEALTH[result.status]
    if health is Health.HEALTHY:
        return Verdict(health, None, result.message)
    return Verdict(health, shortened(result.reason or "") or None, shortened(result.message), result.again_at)
