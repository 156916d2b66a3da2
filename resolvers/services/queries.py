"""Services by name, and the language of their definitions."""

import strawberry

from app.catalog.lists import all_offers, offer_by_name
from app.upgrades.language import SCHEMA
from schema.context import Info
from schema.list_length import usually
from schema.scalars import JSON
from schema.services.types import Service


@strawberry.type
class Queries:
    @strawberry.field(
        description="The services of the organization by name: its own ones, and those that ship with Polyhelm.",
        metadata=usually(20),
    )
    async def services(self, info: Info, organization: str | None = None) -> list[Service]:
        organization_id = info.context.viewer.organization(organization)
        return [Service.of(offer) for offer in await all_offers(info.context.services, organization_id)]

    @strawberry.field(description="The service with this name. Null if there is none.")
    async def service(self, info: Info, name: str, organization: str | None = None) -> Service | None:
        organization_id = info.context.viewer.organization(organization)
        offer = await offer_by_name(info.context.services, organization_id, name)
        return None if offer is None else Service.of(offer)

    @strawberry.field(description="The JSON Schema of service definitions, for editors.")
    def service_language(self, info: Info) -> JSON:
        _ = info.context.viewer  # raises for anonymous callers
        return JSON(SCHEMA)
