"""Registers schedules of workflows with the API. Parameters can hold anything, so the audit log masks them."""

from resolvers.engine.subject import Subject, visible
from resolvers.schedules.mutations import Mutations
from resolvers.schedules.queries import Queries
from schema.schedules.loaders import schedule_by_id
from schema.schedules.types import WorkflowSchedule

SUBJECT = Subject(
    query=Queries,
    mutation=Mutations,
    nodes={WorkflowSchedule: visible(schedule_by_id, WorkflowSchedule.of)},
    plain_fields={
        *("id", "organization", "name", "workflow", "cron", "timeZone", "workflowId", "overlap", "catchUp"),
        *("isPaused", "description", "version"),
    },
)
