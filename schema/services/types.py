"""Services: their definitions, and the routes between their versions."""

from datetime import datetime
from typing import Annotated

import strawberry

from app.catalog.codes import ServiceCode
from app.catalog.content import Content
from app.catalog.lists import REVISIONS, Offer
from app.core.errors import NotFound
from app.core.paging import DEFAULT, Window
from app.core.threads import in_thread
from app.tables import services as tables
from app.upgrades import definition as upgrades
from app.upgrades.graph import Graph, Hop
from app.upgrades.routes import Blocker, BlockerKind, Route, available, route
from schema.context import Info
from schema.list_length import usually
from schema.relay.connections import Connection, to_connection
from schema.relay.ids import encode_id
from schema.relay.node import Node
from schema.scalars import JSON
from schema.services import loaders

strawberry.enum(
    upgrades.VersionState,
    name="ServiceVersionState",
    description="Whether a version of a service can be chosen. HIDDEN: it is not offered, and is reached on request or"
    " on the way to another version. WITHDRAWN: it can be left, and never entered.",
)
strawberry.enum(
    upgrades.Direction,
    name="UpgradeDirection",
    description="UP: from older versions to a newer one. DOWN: from newer versions to an older one.",
)
strawberry.enum(
    BlockerKind,
    name="RouteBlockerKind",
    description="Why there is no route. UNKNOWN_VERSION: the definition does not have a version. WITHDRAWN_VERSION: the"
    " target, or a version on every route, is withdrawn. NO_EDGE: no edges lead to the target.",
)


@strawberry.type(description="A definition of a service as it was saved.")
class ServiceRevision:
    row_id: strawberry.Private[int]
    number: int = strawberry.field(description="Increases by one with every change of the service.")
    author: str = strawberry.field(description="The name of the user who saved it.")
    created_at: datetime

    @classmethod
    def of(cls, row: tables.ServiceRevision) -> "ServiceRevision":
        return cls(row_id=row.id, number=row.number, author=row.author, created_at=row.created_at)

    @strawberry.field(description="The definition, in YAML.")
    async def definition(self, info: Info) -> str:
        text = await info.context.load[loaders.revision_text].load(self.row_id)
        if text is None:
            raise NotFound(ServiceCode.SERVICE_NOT_FOUND, "The revision was deleted in the meantime.", ("definition",))
        return text


@strawberry.type(description="An organization's own definition of a service, with its revisions.")
class ServiceDefinition(Node):
    row_id: strawberry.Private[int]
    name: str
    revision: int = strawberry.field(description="The number of the current revision.")
    created_at: datetime
    updated_at: datetime

    @strawberry.field(description="The current revision. Null if the definition was deleted in the meantime.")
    async def current(self, info: Info) -> ServiceRevision | None:
        row = await info.context.load[loaders.current_revision].load(self.row_id)
        return None if row is None else ServiceRevision.of(row)

    @strawberry.field(description="The revision with this number. Null if there is none, or if it is kept no longer.")
    async def revision_by_number(self, info: Info, number: int) -> ServiceRevision | None:
        row = await info.context.load[loaders.revision_by_number].load((self.row_id, number))
        return None if row is None else ServiceRevision.of(row)

    @strawberry.field(description="The latest 100 revisions, newest first.")
    async def revisions(
        self, info: Info, first: int | None = DEFAULT, after: str | None = None
    ) -> Connection[ServiceRevision]:
        page = await REVISIONS.page(info.context.services, self.row_id, Window.of(first, after))
        return to_connection(page, ServiceRevision.of)

    @classmethod
    def of(cls, row: tables.ServiceDefinition) -> "ServiceDefinition":
        return cls(
            id=encode_id("ServiceDefinition", row.id),
            row_id=row.id,
            name=row.name,
            revision=row.revision,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )


@strawberry.type(description="The chart of a version of a service.")
class ServiceChart:
    repository: str = strawberry.field(
        description="The URL of a chart repository, or the name of one of the organization."
    )
    name: str
    version: str
    digest: str | None = strawberry.field(description="The digest of the chart's archive.")


@strawberry.type(description="Another service that a cluster needs.")
class RequiredService:
    name: str
    versions: str | None = strawberry.field(description="A range of its versions. Null for any.")


@strawberry.type(description="What a cluster needs for a version of a service.")
class ServiceRequirements:
    kubernetes: str | None = strawberry.field(description="Kubernetes versions, such as `>=1.28 <1.32`.")
    crds: list[str] = strawberry.field(description="Names of custom resource definitions.", metadata=usually(2))
    services: list[RequiredService] = strawberry.field(description="Other services.", metadata=usually(2))


@strawberry.type(description="A version of a service.")
class ServiceVersion:
    version: str
    chart: ServiceChart
    values: JSON = strawberry.field(description="The values of the chart. Their expressions see `spec`.")
    requires: ServiceRequirements
    state: upgrades.VersionState

    @classmethod
    def of(cls, found: upgrades.ServiceVersion) -> "ServiceVersion":
        chart, requires = found.chart, found.requires
        return cls(
            version=found.version,
            chart=ServiceChart(
                repository=chart.repository, name=chart.name, version=chart.version, digest=chart.digest
            ),
            values=JSON(found.values),
            requires=ServiceRequirements(
                kubernetes=requires.kubernetes,
                crds=list(requires.crds),
                services=[RequiredService(name=one.name, versions=one.versions) for one in requires.services],
            ),
            state=found.state,
        )


@strawberry.type(description="A change of the version of a service that is known to work.")
class UpgradeEdge:
    from_: str = strawberry.field(name="from", description="A version or a range of versions.")
    to: str
    direction: upgrades.Direction
    before: JSON = strawberry.field(description="The steps before the chart is changed, as in a workflow.")
    after: JSON = strawberry.field(description="The steps after the chart was changed.")
    disruptive: bool = strawberry.field(description="Whether the service is interrupted.")
    irreversible: bool = strawberry.field(description="Whether there is no way back.")

    @classmethod
    def of(cls, edge: upgrades.UpgradeEdge) -> "UpgradeEdge":
        return cls(
            from_=edge.source,
            to=edge.target,
            direction=edge.direction,
            before=JSON(list(edge.before)),
            after=JSON(list(edge.after)),
            disruptive=edge.is_disruptive,
            irreversible=edge.is_irreversible,
        )


@strawberry.type(description="A part of a route: the change from one version to another.")
class UpgradeHop:
    from_: str = strawberry.field(name="from", description="The version before.")
    to: str = strawberry.field(description="The version afterwards.")
    edge: UpgradeEdge

    @classmethod
    def of(cls, hop: Hop) -> "UpgradeHop":
        return cls(from_=hop.source, to=hop.target, edge=UpgradeEdge.of(hop.edge))


@strawberry.type(description="Why there is no route to a version.")
class RouteBlocker:
    kind: BlockerKind
    message: str
    versions: list[str] = strawberry.field(
        description="The versions that it is about: those that are unknown or withdrawn, or the two versions between"
        " which an edge is missing.",
        metadata=usually(2),
    )

    @classmethod
    def of(cls, blocker: Blocker) -> "RouteBlocker":
        return cls(kind=blocker.kind, message=blocker.message, versions=list(blocker.versions))


@strawberry.type(description="The best way from a version of a service to another one.")
class UpgradeRoute:
    target: str
    hops: list[UpgradeHop] = strawberry.field(
        description="The changes one after another. Empty if there is no route, or nothing to change.",
        metadata=usually(3),
    )
    irreversible_after: int | None = strawberry.field(
        description="The number of hops after which comes the first one without a way back. Null if there is none."
    )
    disruptive: bool = strawberry.field(description="Whether one of the hops interrupts the service.")
    blocked_by: list[RouteBlocker] = strawberry.field(
        description="Why there is no route. Empty if there is one.", metadata=usually(1)
    )

    @classmethod
    def of(cls, found: Route) -> "UpgradeRoute":
        return cls(
            target=found.target,
            hops=list(map(UpgradeHop.of, found.hops)),
            irreversible_after=found.irreversible_after,
            disruptive=found.is_disruptive,
            blocked_by=list(map(RouteBlocker.of, found.blocked_by)),
        )


@strawberry.type(description="A version from which no route leads to the newest stable version that is offered.")
class ServiceWarning:
    message: str
    version: str
    from_: str = strawberry.field(name="from", description="Where the edge begins that would close the gap.")
    to: str = strawberry.field(description="Where that edge ends.")


@strawberry.type(
    description="A service as an organization has it: its own definition, or the one that ships with Polyhelm. "
    " Instances of services on clusters do not exist yet."
)
class Service:
    offer: strawberry.Private[Offer]
    name: str
    is_shipped: bool = strawberry.field(description="Whether Polyhelm ships a definition with this name.")
    stored: ServiceDefinition | None = strawberry.field(
        description="The organization's own definition, which replaces a shipped one. Null if it has none."
    )

    @classmethod
    def of(cls, offer: Offer) -> "Service":
        return cls(
            offer=offer,
            name=offer.name,
            is_shipped=offer.shipped is not None,
            stored=None if offer.row is None else ServiceDefinition.of(offer.row),
        )

    @strawberry.field
    async def description(self, info: Info) -> str | None:
        if self.offer.row is not None:
            return self.offer.row.description
        return (await _content(self, info)).definition.description

    @strawberry.field(description="The definition that applies, in YAML.")
    async def definition(self, info: Info) -> str:
        if self.offer.row is None:
            assert self.offer.shipped is not None
            return self.offer.shipped.text
        revision = await info.context.load[loaders.current_revision].load(self.offer.row.id)
        text = None if revision is None else await info.context.load[loaders.revision_text].load(revision.id)
        if text is None:
            raise _deleted()
        return text

    @strawberry.field(description="The JSON Schema of the spec, which all versions share.")
    async def spec(self, info: Info) -> JSON:
        return JSON((await _content(self, info)).definition.spec)

    @strawberry.field(description="The versions, newest first.", metadata=usually(20))
    async def versions(self, info: Info) -> list[ServiceVersion]:
        graph = (await _content(self, info)).graph
        return [ServiceVersion.of(one) for one in reversed(graph.versions)]

    @strawberry.field(description="The edges, in the order of the definition.", metadata=usually(20))
    async def edges(self, info: Info) -> list[UpgradeEdge]:
        return [UpgradeEdge.of(one) for one in (await _content(self, info)).definition.edges]

    @strawberry.field(description="Versions that are stranded, the oldest first.", metadata=usually(1))
    async def warnings(self, info: Info) -> list[ServiceWarning]:
        content = await _content(self, info)
        found = await in_thread(lambda: content.stranded)
        return [
            ServiceWarning(message=one.message, version=one.version, from_=one.source, to=one.target) for one in found
        ]

    @strawberry.field(
        description="The best routes from a version to all other versions that are offered and can be reached, newest"
        " first. With `to`, the route to this version, or what blocks it. A route has the fewest irreversible hops,"
        " then the fewest disruptive ones, then the fewest hops, and of these the newest versions.",
        metadata=usually(20),
    )
    async def routes(
        self,
        info: Info,
        from_: Annotated[str, strawberry.argument(name="from", description="A version, such as 1.9.2.")],
        to: str | None = None,
    ) -> list[UpgradeRoute]:
        content = await _content(self, info)
        return [UpgradeRoute.of(found) for found in await in_thread(_routes, content.graph, from_, to)]


async def _content(service: Service, info: Info) -> Content:
    if service.offer.row is None:
        assert service.offer.shipped is not None
        return service.offer.shipped.content
    found = await info.context.load[loaders.content].load(service.offer.row.id)
    if found is None:
        raise _deleted()
    return found


def _routes(graph: Graph, source: str, target: str | None) -> tuple[Route, ...]:
    return available(graph, [source])[source] if target is None else (route(graph, source, target),)


def _deleted() -> NotFound:
    return NotFound(ServiceCode.SERVICE_NOT_FOUND, "The service was deleted in the meantime.", ("name",))
