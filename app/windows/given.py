"""A change window as a user gives it: checked, and read into the columns of its row."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.core.errors import Problem, all_invalid
from app.core.names import label_problem, text_problem
from app.releases import selectors
from app.rollouts import windows as pure
from app.rollouts.durations import duration
from app.rollouts.windows import OverrideRole, WindowKind
from app.tables.columns import now

LONGEST_REASON = 500
_API_NAMES = {"time_zone": "timeZone"}
_STARTS = "`starts` is a local date and time without a time zone, such as 2026-01-05T09:00."


@dataclass(frozen=True, kw_only=True)
class GivenWindow:
    """The fields of a window, as the API takes them. At most one of `group` and `cluster` is given, by name."""

    name: str
    kind: WindowKind
    rule: str
    starts: str
    duration: str
    time_zone: str = "UTC"
    group: str | None = None
    cluster: str | None = None
    selector: Any = None
    blocks_rollback: bool = False
    override_role: OverrideRole = OverrideRole.ADMIN
    reason: str | None = None


def columns_of(given: GivenWindow) -> dict[str, Any]:
    """The columns of the window's row, apart from its scope.

    Raises:
        ValidationFailed: names each field that is not valid.
    """
    problems = list(_problems(given))
    starts = lasts = None
    try:
        starts = datetime.fromisoformat(given.starts).replace(microsecond=0)
    except ValueError:
        problems.append(Problem(("starts",), _STARTS))
    else:
        if starts.tzinfo is not None:
            problems.append(Problem(("starts",), _STARTS))
            starts = None
    try:
        lasts = duration(given.duration)
    except ValueError as error:
        problems.append(Problem(("duration",), str(error)))
    moment = now()
    known = (starts or moment.replace(tzinfo=None), lasts or timedelta(hours=1))
    for field, message in pure.problems(given.rule, *known, given.time_zone, moment):
        problems.append(Problem((_API_NAMES.get(field, field),), message))
    if problems:
        raise all_invalid(problems)
    assert starts is not None and lasts is not None
    return {
        "name": given.name,
        "kind": given.kind,
        "rule": given.rule,
        "starts": starts,
        "duration_seconds": int(lasts.total_seconds()),
        "time_zone": given.time_zone,
        "selector": selectors.Selector.of_json(given.selector or {}).as_json() or None,
        "blocks_rollback": given.blocks_rollback,
        "override_role": given.override_role,
        "reason": given.reason or None,
    }


def _problems(given: GivenWindow) -> Iterator[Problem]:
    if problem := label_problem(given.name, "name"):
        yield problem
    if given.group is not None and given.cluster is not None:
        yield Problem(("cluster",), "A window has a group, a cluster or neither. Leave one of them out.")
    for path, message in selectors.problems(given.selector or {}):
        yield Problem(("selector", *path), message)
    if given.reason and (problem := text_problem(given.reason, "reason", what="A reason", longest=LONGEST_REASON)):
        yield problem
