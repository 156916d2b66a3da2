"""Migrating the records of releases to other API versions."""

import strawberry

from app.deployments.api_migration import migrate_api_versions
from app.identity.permissions import Permission
from resolvers.engine.mutation import mutation
from schema.compatibility import inputs, payloads
from schema.context import Info
from schema.operations.types import Operation
from schema.relay.ids import row_id


@strawberry.type
class Mutations:
    @mutation(
        "Replaces, in the records of releases, the API versions that a version of Kubernetes does not serve: each"
        " release gets one new revision. Nothing is applied to the objects on the clusters. Either all releases are"
        " started, or none.",
        Permission.DEPLOYMENTS_WRITE,
    )
    async def migrate_api_versions(
        self,
        info: Info,
        input: inputs.MigrateApiVersionsInput,  # noqa: A002
    ) -> payloads.MigrateApiVersionsResult:
        planned = {row_id(each.target, "DeploymentTarget"): each.revision for each in input.releases}
        services, viewer = info.context.services, info.context.viewer
        found = await migrate_api_versions(services, viewer, input.kubernetes_version, planned)
        return payloads.ApiMigrationPayload(operations=list(map(Operation.of, found)))
