"""Returns stored plans."""

import strawberry

from app.core.paging import DEFAULT, Window
from app.plans.queries import plans_page
from schema.context import Info
from schema.plans.enums import PlanState
from schema.plans.types import Plan
from schema.relay.connections import Connection, to_connection
from schema.relay.ids import row_id


@strawberry.type
class Queries:
    @strawberry.field(description="A stored plan. Members of the organization can see it.")
    async def plan(self, info: Info, id: strawberry.ID) -> Plan | None:  # noqa: A002
        found = await info.context.node(id)
        return found if isinstance(found, Plan) else None

    @strawberry.field(description="The stored plans of an organization or of one deployment, newest first.")
    async def plans(
        self,
        info: Info,
        organization: str | None = None,
        deployment: strawberry.ID | None = None,
        state: PlanState | None = None,
        first: int | None = DEFAULT,
        after: str | None = None,
    ) -> Connection[Plan]:
        organization_id = info.context.viewer.organization(organization)
        number = None if deployment is None else row_id(deployment, "Deployment")
        window = Window.of(first, after)
        page = await plans_page(info.context.services, organization_id, window, deployment_id=number, state=state)
        return to_connection(page, Plan.of)
