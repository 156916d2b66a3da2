"""A run of a workflow until it is removed."""

from collections.abc import AsyncGenerator, Iterable

import strawberry

from app.automation.codes import WorkflowCode
from app.core.errors import NotFound
from app.tables import runs
from app.tables.events import Event as EventRow
from resolvers.engine.following import fresh, own
from schema.context import Info
from schema.relay.ids import row_id
from schema.workflows.loaders import run_by_id
from schema.workflows.runs import WorkflowRun


@strawberry.type
class Subscriptions:
    @strawberry.subscription(
        description="The run, now and after each change of its state or of the state of one of its steps."
    )
    async def workflow_run_changed(
        self,
        info: Info,
        id: strawberry.ID,  # noqa: A002
    ) -> AsyncGenerator[WorkflowRun, None]:
        viewer, number = info.context.viewer, row_id(id, "WorkflowRun")
        found = await info.context.load[run_by_id].load(number)
        if found is None or not viewer.sees(found.organization_id):
            raise NotFound(WorkflowCode.RUN_NOT_FOUND, "There is no such run.", ("id",))

        def pick(event: EventRow) -> Iterable[int]:
            return (number,) if event.is_about(runs.WorkflowRun) and event.subject_id == number else ()

        async with info.context.services.feed.follow(
            found.organization_id, pick, info.context.shared.preparing(run_by_id)
        ) as follower:
            row = await own(info)[run_by_id].load(number)
            while row is not None:
                yield WorkflowRun.of(row)
                row = await fresh(info, (await follower.changed()).upto)[run_by_id].load(number)
