"""What a version of Kubernetes breaks."""

from datetime import date

import strawberry

from app.compatibility.incompatible import ApiState, Minor, known_apis
from app.core.paging import DEFAULT, Window
from app.resources.compatibility import IncompatibleResource, count_incompatible, incompatible_resources
from schema.context import Info
from schema.relay.connections import Connection, to_connection

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
    replacement: str | None = strawberry.field(description="The API version to use. Null if there is none.")
    replacement_since: str | None = strawberry.field(
        description="The first version of Kubernetes that serves the replacement."
    )
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
            replacement=api.use,
            replacement_since=str(api.since) if api.since else None,
            cluster_name=found.cluster,
            group_name=found.group,
            release_name=found.release,
            release_namespace=found.release_namespace,
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
