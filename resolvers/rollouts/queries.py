"""Rollouts, one and many."""

import strawberry

from app.core.paging import DEFAULT, Window
from app.delivery.queries import rollouts_page
from schema.context import Info
from schema.relay.connections import Connection, to_connection
from schema.relay.ids import row_id
from schema.rollouts.enums import RolloutPhase
from schema.rollouts.types import Rollout


@strawberry.type
class Queries:
    @strawberry.field(description="A rollout. Members of the organization can see it.")
    async def rollout(self, info: Info, id: strawberry.ID) -> Rollout | None:  # noqa: A002
        found = await info.context.node(id)
        return found if isinstance(found, Rollout) else None

    @strawberry.field(description="The rollouts of an organization or of one deployment, newest first.")
    async def rollouts(
        self,
        info: Info,
        organization: str | None = None,
        deployment: strawberry.ID | None = None,
        phase: list[RolloutPhase] | None = None,
        first: int | None = DEFAULT,
        after: str | None = None,
    ) -> Connection[Rollout]:
        organization_id = info.context.viewer.organization(organization)
        number = None if deployment is None else row_id(deployment, "Deployment")
        window = Window.of(first, after)
        page = await rollouts_page(info.context.services, organization_id, window, deployment_id=number, phases=phase)
        return to_connection(page, Rollout.of)
