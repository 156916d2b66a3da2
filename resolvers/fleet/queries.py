"""Returns the overview of the fleet."""

import strawberry

from app.fleet import overview as fleet
from schema.context import Info
from schema.fleet.types import Fleet, FleetFilter


@strawberry.type
class Queries:
    @strawberry.field(description="An overview of the deployments and clusters that match a filter.")
    def fleet(
        self,
        info: Info,
        organization: str | None = None,
        filter: FleetFilter | None = None,  # noqa: A002
    ) -> Fleet:
        organization_id = info.context.viewer.organization(organization)
        return Fleet(organization_id=organization_id, chosen=fleet.FleetFilter(**vars(filter or FleetFilter())))
