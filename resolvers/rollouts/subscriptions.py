"""A rollout until it is removed."""

from collections.abc import AsyncGenerator, Iterable

import strawberry

from app.core.errors import NotFound
from app.delivery.codes import RolloutCode
from app.tables import rollouts
from app.tables.events import Event as EventRow
from resolvers.engine.following import fresh, own
from schema.context import Info
from schema.relay.ids import row_id
from schema.rollouts.loaders import rollout_by_id
from schema.rollouts.types import Rollout


@strawberry.type
class Subscriptions:
    @strawberry.subscription(
        description="The rollout, now and after each decision and each change of its state, of a wave or of a target."
    )
    async def rollout_changed(self, info: Info, id: strawberry.ID) -> AsyncGenerator[Rollout, None]:  # noqa: A002
        number = row_id(id, "Rollout")
        found = await info.context.load[rollout_by_id].load(number)
        if found is None or not info.context.viewer.sees(found.organization_id):
            raise NotFound(RolloutCode.ROLLOUT_NOT_FOUND, "There is no such rollout.", ("id",))

        def pick(event: EventRow) -> Iterable[int]:
            return (number,) if event.is_about(rollouts.Rollout) and event.subject_id == number else ()

        async with info.context.services.feed.follow(
            found.organization_id, pick, info.context.shared.preparing(rollout_by_id)
        ) as follower:
            row = await own(info)[rollout_by_id].load(number)
            while row is not None:
                yield Rollout.of(row)
                row = await fresh(info, (await follower.changed()).upto)[rollout_by_id].load(number)
