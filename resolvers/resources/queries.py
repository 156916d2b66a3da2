"""Returns resources of all clusters and health rules, by page."""

import strawberry

from app.core.paging import DEFAULT, Window
from app.health.rules import HealthRule as Expressions
from app.health.shipped import shipped_rules
from app.identity.permissions import Permission
from app.resources import queries
from app.resources.health_rules import health_rules_page
from app.resources.trying import Tried, judge_object, try_health_rule
from schema.context import Info
from schema.list_length import usually
from schema.needs import needing
from schema.relay.connections import Connection, to_connection
from schema.relay.ids import row_id
from schema.resources.health_rules import HealthRule, HealthVerdict, ShippedHealthRule
from schema.resources.inputs import HealthExpressionsInput, ResourceFilter
from schema.resources.types import LiveResource
from schema.scalars import JSON


@strawberry.type
class Queries:
    @strawberry.field(
        **needing(
            Permission.RESOURCES_READ,
            "The objects of all releases that match a filter, by kind, namespace and name, over all clusters.",
        )
    )
    async def resources(
        self,
        info: Info,
        filter: ResourceFilter,  # noqa: A002
        organization: str | None = None,
        first: int | None = DEFAULT,
        after: str | None = None,
    ) -> Connection[LiveResource]:
        viewer = info.context.viewer
        organization_id = viewer.organization(organization)
        viewer.require(organization_id, Permission.RESOURCES_READ)
        chosen = queries.ResourceFilter(**vars(filter))
        page = await queries.find_resources(info.context.services, organization_id, Window.of(first, after), chosen)
        return to_connection(page, LiveResource.of)

    @strawberry.field(description="The health rules of the organization, by API group and kind.")
    async def health_rules(
        self,
        info: Info,
        organization: str | None = None,
        first: int | None = DEFAULT,
        after: str | None = None,
    ) -> Connection[HealthRule]:
        organization_id = info.context.viewer.organization(organization)
        page = await health_rules_page(info.context.services, organization_id, Window.of(first, after))
        return to_connection(page, HealthRule.of)

    @strawberry.field(
        metadata=usually(50),
        description="The health rules that ship with Polyhelm, by pack. `kind` selects those of a kind.",
    )
    async def shipped_health_rules(self, info: Info, kind: str | None = None) -> list[ShippedHealthRule]:
        _ = info.context.viewer  # raises for anonymous callers
        return [ShippedHealthRule.of(*each) for each in shipped_rules() if kind in (None, each[1].kind)]

    @strawberry.field(
        **needing(
            Permission.RESOURCES_READ,
            "What a health rule would say about a resource of a target, which is read from its cluster; null if the"
            " cluster does not have it.",
        )
    )
    async def try_health_rule(
        self,
        info: Info,
        target: strawberry.ID,
        kind: str,
        name: str,
        expressions: HealthExpressionsInput,
        namespace: str | None = None,
        api_group: str | None = None,
    ) -> HealthVerdict | None:
        tried = Tried(row_id(target, "DeploymentTarget"), kind, namespace, name, api_group)
        rule = Expressions(**vars(expressions))
        verdict = await try_health_rule(info.context.services, info.context.viewer, tried, rule)
        return None if verdict is None else HealthVerdict.of(verdict)

    @strawberry.field(
        **needing(
            Permission.RESOURCES_READ,
            "What a health rule would say about an object that is given as it is on a cluster; without `expressions`,"
            " what the present rules say.",
        )
    )
    async def judge_object(
        self,
        info: Info,
        object: JSON,  # noqa: A002
        expressions: HealthExpressionsInput | None = None,
        organization: str | None = None,
    ) -> HealthVerdict:
        viewer = info.context.viewer
        rule = None if expressions is None else Expressions(**vars(expressions))
        organization_id = viewer.organization(organization)
        return HealthVerdict.of(await judge_object(info.context.services, viewer, organization_id, object, rule))
