"""The answers of the subject's mutations: each is a union of a payload and the errors that it can give."""

from typing import Annotated

import strawberry

from schema.errors import Conflict, Forbidden, NotFound, ValidationFailed
from schema.schedules.types import WorkflowSchedule


@strawberry.type
class WorkflowSchedulePayload:
    schedule: WorkflowSchedule


@strawberry.type
class DeleteSchedulePayload:
    id: strawberry.ID


SaveScheduleResult = Annotated[
    WorkflowSchedulePayload | ValidationFailed | NotFound | Conflict | Forbidden,
    strawberry.union("SaveScheduleResult"),
]

PauseScheduleResult = Annotated[WorkflowSchedulePayload | NotFound | Forbidden, strawberry.union("PauseScheduleResult")]

ResumeScheduleResult = Annotated[
    WorkflowSchedulePayload | NotFound | Forbidden, strawberry.union("ResumeScheduleResult")
]

DeleteScheduleResult = Annotated[DeleteSchedulePayload | NotFound | Forbidden, strawberry.union("DeleteScheduleResult")]
