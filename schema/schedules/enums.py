"""The subject's enums, as those of the API."""

import strawberry

from app.tables.schedules import Overlap, TimeOutcome

strawberry.enum(
    Overlap,
    name="ScheduleOverlap",
    description="What happens at a time of a schedule if a run with its workflow id is in progress. SKIP: no run is"
    " started for this time. QUEUE_ONE: one run starts when the present one has ended, however many times have passed"
    " until then.",
)
strawberry.enum(
    TimeOutcome,
    name="ScheduleOutcome",
    description="What came of a time of a schedule. STARTED: a run. SKIPPED: a run was in progress. QUEUED: a run"
    " starts when the present one has ended. MISSED: the time was found after the catch-up window. REFUSED: the"
    " workflow could not be started, such as when the owner lacks the permission by now.",
)

__all__ = ["Overlap", "TimeOutcome"]
