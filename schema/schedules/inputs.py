"""The inputs of the subject's mutations."""

import strawberry

from schema.scalars import JSON
from schema.schedules.enums import Overlap


@strawberry.input
class SaveScheduleInput:
    name: str = strawberry.field(description="The schedule of this name is created, or all its fields are replaced.")
    workflow: str = strawberry.field(description="The name of the workflow. Each run has its revision of that time.")
    cron: str = strawberry.field(
        description="A cron expression: minute, hour, day of the month, month, day of the week. With six fields, the"
        " first one has seconds. Also `@hourly`, `@daily`, `@weekly`, `@monthly` and `@yearly`."
    )
    time_zone: str = strawberry.field(
        default="UTC",
        description="The time zone of `cron`, such as Europe/Paris. A time of day that the clock leaves out is due"
        " right after the gap, and one that comes twice is due once.",
    )
    parameters: JSON | None = strawberry.field(
        default=None, description="The parameters, as the schema of the workflow describes them. Default: none."
    )
    workflow_id: str | None = strawberry.field(
        default=None, description="The workflow id of the runs. Default: the name of the schedule."
    )
    overlap: Overlap = Overlap.SKIP
    catch_up: str = strawberry.field(
        default="1h",
        description="How late a run may start, such as after all workers were down. Of all times that were missed, at"
        " most the latest starts a run.",
    )
    is_paused: bool = False
    description: str | None = None
    version: int | None = strawberry.field(
        default=None, description="The version that the schedule must have; 0 if there must be none. Default: any."
    )
    organization: str | None = None


@strawberry.input
class PauseScheduleInput:
    id: strawberry.ID


@strawberry.input
class ResumeScheduleInput:
    id: strawberry.ID


@strawberry.input
class DeleteScheduleInput:
    id: strawberry.ID
