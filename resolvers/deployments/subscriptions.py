"""Sends a deployment and its changes."""

from collections.abc import AsyncGenerator, Iterable

import strawberry

from app.core.errors import NotFound
from app.deployments.codes import DeploymentCode
from app.tables.events import Event as EventRow
from resolvers.engine.following import fresh, own
from schema.context import Info
from schema.deployments.loaders import deployment_by_id
from schema.deployments.types import Deployment
from schema.relay.ids import row_id


@strawberry.type
class Subscriptions:
    @strawberry.subscription(description="The deployment, now and after each change. Ends when it is deleted.")
    async def deployment(self, info: Info, id: strawberry.ID) -> AsyncGenerator[Deployment, None]:  # noqa: A002
        number = row_id(id, "Deployment")
        found = await info.context.load[deployment_by_id].load(number)
        if found is None or not info.context.viewer.sees(found.organization_id):
            raise NotFound(DeploymentCode.DEPLOYMENT_NOT_FOUND, "There is no such deployment.", ("id",))

        def pick(event: EventRow) -> Iterable[int]:
            return (number,) if event.deployment_id == number else ()

        async with info.context.services.feed.follow(
            found.organization_id, pick, info.context.shared.preparing(deployment_by_id)
        ) as follower:
            row = await own(info)[deployment_by_id].load(number)
            while row is not None:
                yield Deployment.of(row)
                row = await fresh(info, (await follower.changed()).upto)[deployment_by_id].load(number)
