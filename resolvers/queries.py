"""The root of queries. All of them answer from the database, except where a chart has to be pulled to be described."""

import importlib.metadata

import strawberry

from app.charts import browse
from app.clusters.lists import cluster_by_name, clusters_page
from app.core.paging import DEFAULT, Window
from app.deployments.given import read_text
from app.deployments.lists import deployment_by_name, deployments_page
from app.deployments.planning import progress_of
from app.events.lists import audience, events_page
from app.fleet import overview as fleet
from app.groups.lists import group_called, groups_page
from app.identity import registration
from app.identity.roles import members_page
from app.identity.sessions import sessions_of
from app.identity.tokens import tokens_of
from app.identity.users import users_page
from app.secrets.lists import secret_called, secrets_page
from schema.charts import Chart, ChartRepository
from schema.clusters import Cluster
from schema.connections import Connection, to_connection
from schema.context import Info
from schema.deployments import Deployment, PlanProgress, YamlReading
from schema.enums import TargetStatus
from schema.errors import Problem
from schema.events import Event
from schema.fleet import Fleet, FleetFilter
from schema.groups import ClusterGroup
from schema.identity import ApiToken, Member, Membership, Session, SignInOptions, SignInProvider, User
from schema.ids import row_id
from schema.node import Node
from schema.nodes import node_of
from schema.operations import Operation
from schema.secrets import Secret

_VERSION = importlib.metadata.version("polyhelm")


@strawberry.type
class Query:
    @strawberry.field(description="An object by its ID.")
    async def node(self, info: Info, id: strawberry.ID) -> Node | None:  # noqa: A002
        return await node_of(info.context, id)

    @strawberry.field(description="The caller; null without a valid token or session.")
    def viewer(self, info: Info) -> User | None:
        return User.of_viewer(info.context.signed_in) if info.context.signed_in else None

    @strawberry.field(description="The ways to sign in. Available without signing in.")
    async def sign_in_options(self, info: Info) -> SignInOptions:
        services = info.context.services
        providers = (
            [SignInProvider(label=services.settings.oidc_label, path="/auth/oidc/start")]
            if services.settings.oidc_issuer
            else []
        )
        return SignInOptions(
            registration=await registration.is_open(services),
            setup_code=await registration.needs_setup_code(services),
            providers=providers,
        )

    @strawberry.field(description="All users of the installation by name, for its admins. `search` matches names.")
    async def users(
        self, info: Info, first: int | None = DEFAULT, after: str | None = None, search: str | None = None
    ) -> Connection[User]:
        window = Window.of(first, after)
        page = await users_page(info.context.services, info.context.viewer, window, search=search)
        return to_connection(page, User.of)

    @strawberry.field(description="The caller's sessions in browsers, newest first.")
    async def sessions(self, info: Info) -> list[Session]:
        viewer = info.context.viewer
        return [Session.of(row, viewer) for row in await sessions_of(info.context.services, viewer)]

    @strawberry.field(description="The server's version, so that clients can warn about a mismatch.")
    def version(self, info: Info) -> str:
        _ = info.context.viewer  # raises for nobody: which gaps a server may have is for those who may use it
        return _VERSION

    @strawberry.field(description="The organizations that the caller belongs to.")
    def memberships(self, info: Info) -> list[Membership]:
        return [Membership.of(belonging) for belonging in info.context.viewer.belongings.values()]

    @strawberry.field(description="The members of an organization by name, with their roles.")
    async def members(
        self, info: Info, organization: str | None = None, first: int | None = DEFAULT, after: str | None = None
    ) -> Connection[Member]:
        organization_id = info.context.viewer.organization(organization)
        page = await members_page(info.context.services, organization_id, Window.of(first, after))
        return to_connection(page, Member.of)

    @strawberry.field(description="The caller's own API tokens, by name.")
    async def api_tokens(self, info: Info) -> list[ApiToken]:
        return [ApiToken.of(*found) for found in await tokens_of(info.context.services, info.context.viewer)]

    @strawberry.field(description="Clusters by name. `search` matches name, cloud, distribution and region.")
    async def clusters(
        self,
        info: Info,
        organization: str | None = None,
        first: int | None = DEFAULT,
        after: str | None = None,
        search: str | None = None,
    ) -> Connection[Cluster]:
        organization_id = info.context.viewer.organization(organization)
        page = await clusters_page(info.context.services, organization_id, Window.of(first, after), search=search)
        return to_connection(page, Cluster.of)

    @strawberry.field
    async def cluster(self, info: Info, name: str, organization: str | None = None) -> Cluster | None:
        organization_id = info.context.viewer.organization(organization)
        row = await cluster_by_name(info.context.services, organization_id, name)
        return Cluster.of(row) if row else None

    @strawberry.field(description="Cluster groups by name. `search` matches names.")
    async def cluster_groups(
        self,
        info: Info,
        organization: str | None = None,
        first: int | None = DEFAULT,
        after: str | None = None,
        search: str | None = None,
    ) -> Connection[ClusterGroup]:
        organization_id = info.context.viewer.organization(organization)
        page = await groups_page(info.context.services, organization_id, Window.of(first, after), search=search)
        return to_connection(page, ClusterGroup.of)

    @strawberry.field
    async def cluster_group(self, info: Info, name: str, organization: str | None = None) -> ClusterGroup | None:
        organization_id = info.context.viewer.organization(organization)
        row = await group_called(info.context.services, organization_id, name)
        return ClusterGroup.of(row) if row else None

    @strawberry.field
    async def chart_repositories(self, info: Info, organization: str | None = None) -> list[ChartRepository]:
        organization_id = info.context.viewer.organization(organization)
        return [ChartRepository.of(row) for row in await browse.repositories(info.context.services, organization_id)]

    @strawberry.field(description=f"Charts by name, at most {browse.MOST}. `search` matches name and description.")
    async def charts(self, info: Info, organization: str | None = None, search: str | None = None) -> list[Chart]:
        organization_id = info.context.viewer.organization(organization)
        return [Chart.of(found) for found in await browse.search(info.context.services, organization_id, search)]

    @strawberry.field
    async def chart(self, info: Info, repository: str, name: str, organization: str | None = None) -> Chart | None:
        organization_id = info.context.viewer.organization(organization)
        found = await browse.chart(info.context.services, organization_id, repository, name)
        return Chart.of(found) if found else None

    @strawberry.field(description="Deployments, newest first. `search` matches release name and chart.")
    async def deployments(
        self,
        info: Info,
        organization: str | None = None,
        group: str | None = None,
        status: list[TargetStatus] | None = None,
        search: str | None = None,
        first: int | None = DEFAULT,
        after: str | None = None,
    ) -> Connection[Deployment]:
        organization_id = info.context.viewer.organization(organization)
        page = await deployments_page(
            info.context.services, organization_id, Window.of(first, after), group=group, status=status, search=search
        )
        return to_connection(page, Deployment.of)

    @strawberry.field
    async def deployment(
        self, info: Info, group: str, release_name: str, organization: str | None = None
    ) -> Deployment | None:
        organization_id = info.context.viewer.organization(organization)
        row = await deployment_by_name(info.context.services, organization_id, group, release_name)
        return Deployment.of(row) if row else None

    @strawberry.field(
        description=(
            "Secrets by name. `search` matches name and description; `group` selects those that its"
            " deployments may use."
        )
    )
    async def secrets(
        self,
        info: Info,
        organization: str | None = None,
        first: int | None = DEFAULT,
        after: str | None = None,
        search: str | None = None,
        group: str | None = None,
    ) -> Connection[Secret]:
        organization_id = info.context.viewer.organization(organization)
        window = Window.of(first, after)
        page = await secrets_page(info.context.services, organization_id, window, search=search, group=group)
        return to_connection(page, Secret.of)

    @strawberry.field
    async def secret(self, info: Info, name: str, organization: str | None = None) -> Secret | None:
        organization_id = info.context.viewer.organization(organization)
        row = await secret_called(info.context.services, organization_id, name)
        return Secret.of(row) if row else None

    @strawberry.field
    async def operation(self, info: Info, id: strawberry.ID) -> Operation | None:  # noqa: A002
        found = await node_of(info.context, id)
        return found if isinstance(found, Operation) else None

    @strawberry.field(
        description="Reads a YAML text of values as Helm does, for editors: mutations take the text as it is. It has at"
        " most 2,097,152 characters."
    )
    async def read_yaml(self, info: Info, text: str) -> YamlReading:
        _ = info.context.viewer  # raises for nobody
        values, problems = await read_text(text)
        return YamlReading(values=None if problems else values, problems=list(map(Problem.of, problems)))

    @strawberry.field(
        description=(
            "A plan that the caller requested and that takes longer than a request. It is kept for an"
            " hour. Poll it once a second until it is finished."
        )
    )
    async def plan_progress(self, info: Info, id: strawberry.ID) -> PlanProgress | None:  # noqa: A002
        row = await progress_of(info.context.services, info.context.viewer, row_id(id, "PlanProgress"))
        return await PlanProgress.of(row) if row else None

    @strawberry.field(description="An overview of the deployments and clusters that match a filter.")
    def fleet(
        self,
        info: Info,
        organization: str | None = None,
        filter: FleetFilter | None = None,  # noqa: A002
    ) -> Fleet:
        organization_id = info.context.viewer.organization(organization)
        return Fleet(organization_id=organization_id, chosen=fleet.FleetFilter(**vars(filter or FleetFilter())))

    @strawberry.field(
        description=(
            "Events, newest first. `kinds` are kinds or their first parts; `search` matches message and"
            " actor. For admins, `audit` also includes mutations that were refused, failed or changed"
            " nothing, and `installation` selects events that belong to no organization."
        )
    )
    async def events(
        self,
        info: Info,
        organization: str | None = None,
        first: int | None = DEFAULT,
        after: str | None = None,
        kinds: list[str] | None = None,
        search: str | None = None,
        audit: bool = False,
        installation: bool = False,
    ) -> Connection[Event]:
        organization_id = audience(info.context.viewer, organization, installation=installation, audit=audit)
        page = await events_page(
            info.context.services,
            organization_id,
            Window.of(first, after),
            audit=audit or installation,
            kinds=kinds,
            search=search,
        )
        return to_connection(page, Event.of)
