"""What a version of Kubernetes breaks."""

from datetime import date

import strawberry

from app.compatibility.incompatible import ApiState, Minor, known_apis
from app.core.paging import DEFAULT, Window
from app.identity.permissions import Permission
from app.identity.viewer import Viewer
from app.releases.inventory import ResourceOrigin
from app.resources import incompatible_releases
from app.resources.compatibility import IncompatibleResource, count_incompatible, incompatible_resources
from schema.context import Info
from schema.list_length import usually
from schema.relay.connections import Connection, to_connection
from schema.targets.types import DeploymentTarget

strawberry.enum(ApiState, description="What a version of Kubernetes does with an API version.")


@strawberry.type(description="An object of a release whose API version a version of Kubernetes deprecates or removes.")
class IncompatibleObject:
    api_version: str
    kind: str
    namespace: str | None = strawberry.field(description="As in the manifest. Null if the manifest names none.")
    name: str
    state: ApiState
    deprecated_in: str = strawberry.field(description="The version of Kubernetes that deprecated the API version.")
    removed_in: str | None = strawberry.field(
        description="The first version of Kubernetes that does not serve the API version. Null if none is known."
    )
    replacement: str | None = strawberry.field(
        description="The API version to use; for REMOVED, one that the version of Kubernetes serves. Null if there is"
        " none."
    )
    replacement_since: str | None = strawberry.field(
        description="The first version of Kubernetes that serves the replacement."
    )
    origin: ResourceOrigin
    cluster_name: str
    group_name: str = strawberry.field(description="The group of the deployment.")
    release_name: str
    release_namespace: str

    @classmethod
    def of(cls, found: IncompatibleResource) -> "IncompatibleObject":
        api = found.api
        return cls(
            api_version=found.object.api_version,
            kind=found.object.kind,
            namespace=found.object.namespace or None,
            name=found.object.name,
            state=found.state,
            deprecated_in=str(api.deprecated),
            removed_in=str(api.removed) if api.removed else None,
            replacement=found.replacement.api_version if found.replacement else None,
            replacement_since=str(found.replacement.since) if found.replacement else None,
            origin=found.origin,
            cluster_name=found.cluster,
            group_name=found.group,
            release_name=found.release,
            release_namespace=found.release_namespace,
        )


@strawberry.type(description="A release with objects whose API versions a version of Kubernetes deprecates or removes.")
class IncompatibleRelease:
    target_id: strawberry.Private[int]
    cluster_name: str
    cluster_kubernetes_version: str
    group_name: str = strawberry.field(description="The group of the deployment.")
    release_name: str
    release_namespace: str
    revision: int | None = strawberry.field(
        description="The newest revision as last observed, for `migrateApiVersions`."
    )
    objects: list[IncompatibleObject] = strawberry.field(
        metadata=usually(5), description="Its objects with such API versions: REMOVED ones first."
    )
    obstacle: str | None = strawberry.field(
        description="Why `migrateApiVersions` refuses this release now, as a sentence. Null if it does not."
    )
    may_migrate: bool = strawberry.field(
        description="Whether the caller has the permission to migrate the record of the release."
    )

    @strawberry.field(description="The target to which the release belongs.")
    async def target(self, info: Info) -> DeploymentTarget | None:
        found: DeploymentTarget | None = await info.context.find("DeploymentTarget", self.target_id)
        return found

    @classmethod
    def of(cls, found: incompatible_releases.IncompatibleRelease, viewer: Viewer) -> "IncompatibleRelease":
        facts = found.facts
        may = viewer.may(facts.organization_id, Permission.DEPLOYMENTS_WRITE, group_id=facts.group_id)
        return cls(
            target_id=facts.target_id,
            cluster_name=facts.cluster,
            cluster_kubernetes_version=facts.kubernetes_version,
            group_name=facts.group,
            release_name=facts.release,
            release_namespace=facts.namespace,
            revision=facts.revision,
            objects=list(map(IncompatibleObject.of, found.objects)),
            obstacle=found.obstacle,
            may_migrate=may,
        )


@strawberry.type(description="What a version of Kubernetes breaks in the releases of an organization.")
class ApiCompatibility:
    organization_id: strawberry.Private[int]
    version: strawberry.Private[Minor]

    @strawberry.field(description="The minor version, such as 1.32.")
    def kubernetes_version(self) -> str:
        return str(self.version)

    @strawberry.field(description="The day on which the table of deprecated API versions was last checked.")
    def checked_on(self) -> date:
        return known_apis().checked

    @strawberry.field(description="The newest version of Kubernetes whose removals are in the table.")
    def complete_through(self) -> str:
        return str(known_apis().through)

    @strawberry.field(description="The number of objects whose API version the version does not serve.")
    async def removed_count(self, info: Info) -> int:
        return await count_incompatible(info.context.services, self.organization_id, self.version, ApiState.REMOVED)

    @strawberry.field(description="The number of objects whose API version is served, but deprecated.")
    async def deprecated_count(self, info: Info) -> int:
        return await count_incompatible(info.context.services, self.organization_id, self.version, ApiState.DEPRECATED)

    @strawberry.field(description="The objects whose API version is in a state, by kind, namespace and name.")
    async def objects(
        self,
        info: Info,
        state: ApiState = ApiState.REMOVED,
        cluster: str | None = None,
        first: int | None = DEFAULT,
        after: str | None = None,
    ) -> Connection[IncompatibleObject]:
        window = Window.of(first, after)
        services, version = info.context.services, self.version
        page = await incompatible_resources(services, self.organization_id, window, version, state, cluster)
        return to_connection(page, IncompatibleObject.of)

    @strawberry.field(
        description="The releases with objects whose API version is in a state, or in either, by cluster and name. They"
        " are the plan of `migrateApiVersions`: each REMOVED object gets the replacement."
    )
    async def releases(
        self,
        info: Info,
        state: ApiState | None = None,
        cluster: str | None = None,
        first: int | None = DEFAULT,
        after: str | None = None,
    ) -> Connection[IncompatibleRelease]:
        services, viewer = info.context.services, info.context.viewer
        page = await incompatible_releases.incompatible_releases(
            services, self.organization_id, Window.of(first, after), self.version, state, cluster
        )
        return to_connection(page, lambda found: IncompatibleRelease.of(found, viewer))
