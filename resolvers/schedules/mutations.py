"""Schedules: saved, paused, resumed and deleted."""

import strawberry

from app.identity.permissions import Permission
from app.schedules.given import GivenSchedule
from app.schedules.saving import delete_schedule, pause_schedule, resume_schedule, save_schedule
from resolvers.engine.mutation import mutation
from schema.context import Info
from schema.relay.ids import row_id
from schema.schedules import inputs, payloads
from schema.schedules.types import WorkflowSchedule


@strawberry.type
class Mutations:
    @mutation(
        "Creates the schedule of this name, or replaces all its fields. The caller becomes its owner: its runs have the"
        " permissions that the caller has at their time.",
        Permission.WORKFLOWS_START,
    )
    async def save_schedule(
        self,
        info: Info,
        input: inputs.SaveScheduleInput,  # noqa: A002
    ) -> payloads.SaveScheduleResult:
        given = GivenSchedule(
            name=input.name,
            workflow=input.workflow,
            cron=input.cron,
            time_zone=input.time_zone,
            parameters={} if input.parameters is None else input.parameters,
            workflow_id=input.workflow_id,
            overlap=input.overlap,
            catch_up=input.catch_up,
            is_paused=input.is_paused,
            description=input.description,
        )
        row = await save_schedule(info.context.services, info.context.viewer, input.organization, given, input.version)
        return payloads.WorkflowSchedulePayload(schedule=WorkflowSchedule.of(row))

    @mutation(
        "Starts no runs until the schedule is resumed. A run in progress continues, and a start that waits for its end"
        " is dropped.",
        Permission.WORKFLOWS_START,
    )
    async def pause_schedule(
        self,
        info: Info,
        input: inputs.PauseScheduleInput,  # noqa: A002
    ) -> payloads.PauseScheduleResult:
        context = info.context
        row = await pause_schedule(context.services, context.viewer, row_id(input.id, "WorkflowSchedule"))
        return payloads.WorkflowSchedulePayload(schedule=WorkflowSchedule.of(row))

    @mutation(
        "Starts runs from the next time on. No run is started for the times that have passed while it was paused.",
        Permission.WORKFLOWS_START,
    )
    async def resume_schedule(
        self,
        info: Info,
        input: inputs.ResumeScheduleInput,  # noqa: A002
    ) -> payloads.ResumeScheduleResult:
        context = info.context
        row = await resume_schedule(context.services, context.viewer, row_id(input.id, "WorkflowSchedule"))
        return payloads.WorkflowSchedulePayload(schedule=WorkflowSchedule.of(row))

    @mutation("Deletes a schedule. A run that it has started continues.", Permission.WORKFLOWS_START)
    async def delete_schedule(
        self,
        info: Info,
        input: inputs.DeleteScheduleInput,  # noqa: A002
    ) -> payloads.DeleteScheduleResult:
        await delete_schedule(info.context.services, info.context.viewer, row_id(input.id, "WorkflowSchedule"))
        return payloads.DeleteSchedulePayload(id=input.id)
