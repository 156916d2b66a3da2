"""Schedules by page and by name."""

import strawberry

from app.core.paging import DEFAULT, Window
from app.schedules.lists import schedule_by_name, schedules_page
from schema.context import Info
from schema.relay.connections import Connection, to_connection
from schema.schedules.types import WorkflowSchedule


@strawberry.type
class Queries:
    @strawberry.field(description="The schedules of an organization or of one workflow, by name.")
    async def workflow_schedules(
        self,
        info: Info,
        organization: str | None = None,
        workflow: str | None = None,
        first: int | None = DEFAULT,
        after: str | None = None,
    ) -> Connection[WorkflowSchedule]:
        organization_id = info.context.viewer.organization(organization)
        page = await schedules_page(info.context.services, organization_id, Window.of(first, after), workflow=workflow)
        return to_connection(page, WorkflowSchedule.of)

    @strawberry.field(description="The schedule with this name. Null if there is none.")
    async def workflow_schedule(
        self, info: Info, name: str, organization: str | None = None
    ) -> WorkflowSchedule | None:
        organization_id = info.context.viewer.organization(organization)
        row = await schedule_by_name(info.context.services, organization_id, name)
        return None if row is None else WorkflowSchedule.of(row)
