"""Registers, changes, confirms and removes clusters."""

import strawberry

from app.clusters.registration import RegisterCluster, register_cluster
from app.fleet.cluster_removal import remove_cluster
from app.fleet.cluster_update import UpdateCluster, confirm_cluster, update_cluster
from app.identity.permissions import Permission
from resolvers.engine.mutation import mutation
from schema.clusters import inputs, payloads
from schema.clusters.types import Cluster
from schema.context import Info
from schema.relay.ids import row_id
from schema.targets.abandoned import abandoned_of


@strawberry.type
class Mutations:
    @mutation(
        "Registers a cluster from a kubeconfig after checking that its API server answers.",
        Permission.CLUSTERS_REGISTER,
    )
    async def register_cluster(
        self,
        info: Info,
        input: inputs.RegisterClusterInput,  # noqa: A002
    ) -> payloads.RegisterClusterResult:
        request = RegisterCluster(**vars(input))
        row = await register_cluster(info.context.services, info.context.viewer, request)
        return payloads.ClusterPayload(cluster=Cluster.of(row))

    @mutation(
        "Changes a cluster: its credentials, name or description. Group, targets, overrides and history stay. A"
        " kubeconfig of another cluster is refused.",
        Permission.CLUSTERS_REGISTER,
    )
    async def update_cluster(
        self,
        info: Info,
        input: inputs.UpdateClusterInput,  # noqa: A002
    ) -> payloads.UpdateClusterResult:
        request = UpdateCluster(**vars(input) | {"id": row_id(input.id, "Cluster")})
        return payloads.ClusterPayload(
            cluster=Cluster.of(await update_cluster(info.context.services, info.context.viewer, request))
        )

    @mutation(
        "Confirms that a MISMATCHED cluster is the same cluster under a new uid, for example after"
        " its kube-system namespace was recreated. Releases with the names of managed releases are"
        " treated as managed.",
        Permission.CLUSTERS_REGISTER,
    )
    async def confirm_cluster(
        self,
        info: Info,
        input: inputs.ConfirmClusterInput,  # noqa: A002
    ) -> payloads.ConfirmClusterResult:
        row = await confirm_cluster(info.context.services, info.context.viewer, row_id(input.id, "Cluster"), input.uid)
        return payloads.ClusterPayload(cluster=Cluster.of(row))

    @mutation("Removes a cluster and its credentials.", Permission.CLUSTERS_REGISTER)
    async def remove_cluster(
        self,
        info: Info,
        input: inputs.RemoveClusterInput,  # noqa: A002
    ) -> payloads.RemoveClusterResult:
        abandoned = await remove_cluster(
            info.context.services, info.context.viewer, row_id(input.id, "Cluster"), force=bool(input.force)
        )
        return payloads.RemoveClusterPayload(id=input.id, abandoned=abandoned_of(abandoned))
