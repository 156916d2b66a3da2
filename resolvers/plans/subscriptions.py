"""Sends a plan and its changes until it is removed."""

from collections.abc import AsyncGenerator, Iterable

import strawberry

from app.core.errors import NotFound
from app.plans.codes import PlanCode
from app.tables import plans
from app.tables.events import Event as EventRow
from resolvers.engine.following import fresh, own
from schema.context import Info
from schema.plans.loaders import plan_by_id
from schema.plans.types import Plan
from schema.relay.ids import row_id


@strawberry.type
class Subscriptions:
    @strawberry.subscription(
        description="The plan, now and after each comment, decision and change of its state. That it expires"
        " (`expiresAt`) is not reported."
    )
    async def plan(self, info: Info, id: strawberry.ID) -> AsyncGenerator[Plan, None]:  # noqa: A002
        number = row_id(id, "Plan")
        found = await info.context.load[plan_by_id].load(number)
        if found is None or not info.context.viewer.sees(found.organization_id):
            raise NotFound(PlanCode.PLAN_NOT_FOUND, "There is no such plan.", ("id",))

        def pick(event: EventRow) -> Iterable[int]:
            return (number,) if event.is_about(plans.Plan) and event.subject_id == number else ()

        async with info.context.services.feed.follow(
            found.organization_id, pick, info.context.shared.preparing(plan_by_id)
        ) as follower:
            row = await own(info)[plan_by_id].load(number)
            while row is not None:
                yield Plan.of(row)
                row = await fresh(info, (await follower.changed()).upto)[plan_by_id].load(number)
