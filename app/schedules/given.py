"""A schedule as a user gives it: checked, and read into the columns of its row."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from app.automation.starting import LONGEST_ID
from app.core.errors import Problem, all_invalid
from app.core.names import description_problem, label_problem
from app.rollouts.durations import duration
from app.rollouts.windows import is_time_zone
from app.tables.schedules import Overlap
from app.workflows import schedules as pure


@dataclass(frozen=True, kw_only=True)
class GivenSchedule:
    """The fields of a schedule, as the API takes them. Without a workflow id, its runs have its name as their id."""

    name: str
    workflow: str
    cron: str
    time_zone: str = "UTC"
    parameters: Any = field(default_factory=dict)
    workflow_id: str | None = None
    overlap: Overlap = Overlap.SKIP
    catch_up: str = "1h"
    is_paused: bool = False
    description: str | None = None


def columns_of(given: GivenSchedule) -> dict[str, Any]:
    """The columns of the schedule's row, apart from its workflow and its parameters, which are checked together.

    Raises:
        ValidationFailed: names each field that is not valid.
    """
    problems = list(_problems(given))
    catch_up = timedelta()
    try:
        catch_up = duration(given.catch_up)
    except ValueError as error:
        problems.append(Problem(("catchUp",), str(error)))
    if problems:
        raise all_invalid(problems)
    return {
        "name": given.name,
        "description": given.description or None,
        "cron": given.cron,
        "time_zone": given.time_zone,
        "workflow_id": given.workflow_id or given.name,
        "overlap": given.overlap,
        "catch_up_seconds": int(catch_up.total_seconds()),
        "is_paused": given.is_paused,
    }


def _problems(given: GivenSchedule) -> Iterator[Problem]:
    if problem := label_problem(given.name, "name"):
        yield problem
    if problem := description_problem(given.description):
        yield problem
    if message := pure.problem(given.cron):
        yield Problem(("cron",), message)
    if not is_time_zone(given.time_zone):
        yield Problem(("timeZone",), f"There is no time zone {given.time_zone!r}. Examples: UTC, Europe/Paris.")
    if given.workflow_id is not None and not 0 < len(given.workflow_id.strip()) <= LONGEST_ID:
        yield Problem(("workflowId",), f"An id has 1 to {LONGEST_ID} characters.")
