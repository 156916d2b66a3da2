"""Creates, changes and deletes cluster groups, and sets their features."""

import strawberry

from app.fleet import membership
from app.groups import features
from app.identity.permissions import Permission
from resolvers.engine.mutation import mutation
from schema.context import Info
from schema.groups import inputs, payloads
from schema.groups.types import ClusterGroup
from schema.operations.types import Operation
from schema.previews.removal import Removal
from schema.relay.ids import row_id
from schema.targets.abandoned import abandoned_of


@strawberry.type
class Mutations:
    @mutation("Creates a cluster group.", Permission.GROUPS_WRITE)
    async def create_cluster_group(
        self,
        info: Info,
        input: inputs.CreateClusterGroupInput,  # noqa: A002
    ) -> payloads.CreateClusterGroupResult:
        made = await membership.create_group(
            info.context.services,
            info.context.viewer,
            input.organization,
            input.name,
            input.members,
            allowed_namespaces=input.allowed_namespaces,
            service_account=input.service_account,
        )
        return payloads.ClusterGroupPayload(cluster_group=ClusterGroup.of(made.group), warnings=made.warnings)

    @mutation(
        "Renames a group, replaces its members, or changes what its deployments may use. The group's releases are"
        " uninstalled from removed members.",
        Permission.GROUPS_WRITE,
    )
    async def update_cluster_group(
        self,
        info: Info,
        input: inputs.UpdateClusterGroupInput,  # noqa: A002
    ) -> payloads.UpdateClusterGroupResult:
        request = membership.UpdateGroup(
            **{**vars(input), "id": row_id(input.id, "ClusterGroup"), "dry_run": bool(input.dry_run)}
        )
        changed = await membership.update_group(info.context.services, info.context.viewer, request)
        return payloads.ClusterGroupPayload(
            cluster_group=ClusterGroup.of(changed.group),
            operations=[Operation.of(operation) for operation in changed.begun],
            removal=Removal.of(changed.removal),
            warnings=changed.warnings,
        )

    @mutation("Deletes a group.", Permission.GROUPS_WRITE)
    async def delete_cluster_group(
        self,
        info: Info,
        input: inputs.DeleteClusterGroupInput,  # noqa: A002
    ) -> payloads.DeleteClusterGroupResult:
        abandoned = await membership.delete_group(
            info.context.services, info.context.viewer, row_id(input.id, "ClusterGroup"), force=bool(input.force)
        )
        return payloads.DeleteClusterGroupPayload(id=input.id, abandoned=abandoned_of(abandoned))

    @mutation("Enables or disables a feature of a group.", Permission.GROUPS_WRITE)
    async def set_group_feature(
        self,
        info: Info,
        input: inputs.SetGroupFeatureInput,  # noqa: A002
    ) -> payloads.SetGroupFeatureResult:
        row = await features.set_feature(
            info.context.services,
            info.context.viewer,
            row_id(input.group, "ClusterGroup"),
            input.feature,
            enabled=input.enabled,
            properties=input.properties,
        )
        return payloads.ClusterGroupPayload(cluster_group=ClusterGroup.of(row))
