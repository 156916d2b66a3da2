"""Any object by its global id, if the caller may see it."""

from app.tables.charts import ChartRepository as ChartRepositoryRow
from app.tables.identity import User as UserRow
from app.tables.secrets import Secret as SecretRow
from schema.charts import ChartRepository
from schema.clusters import Cluster
from schema.context import Context
from schema.deployments import Deployment, DeploymentTarget
from schema.groups import ClusterGroup
from schema.identity import User
from schema.ids import decode_id
from schema.node import Node
from schema.operations import Operation
from schema.secrets import Secret


async def node_of(context: Context, global_id: str) -> Node | None:
    """The object; None where there is none, or none that the caller may see: the two look alike."""
    decoded = decode_id(global_id)
    if decoded is None:
        return None
    type_name, row_id = decoded
    viewer, load = context.viewer, context.load
    if type_name == "Cluster":
        cluster = await load.cluster_by_id.load(row_id)
        return Cluster.of(cluster) if cluster and viewer.sees(cluster.organization_id) else None
    if type_name == "ClusterGroup":
        group = await load.group_by_id.load(row_id)
        return ClusterGroup.of(group) if group and viewer.sees(group.organization_id) else None
    if type_name == "Deployment":
        deployment = await load.deployment_by_id.load(row_id)
        return Deployment.of(deployment) if deployment and viewer.sees(deployment.organization_id) else None
    if type_name == "Operation":
        operation = await load.operation_by_id.load(row_id)
        return Operation.of(operation) if operation and viewer.sees(operation.organization_id) else None
    if type_name == "DeploymentTarget":
        facts = await load.target_by_id.load(row_id)
        return DeploymentTarget.of(facts) if facts and viewer.sees(facts.organization_id) else None
    async with context.services.database.reading() as session:
        if type_name == "ChartRepository":
            repository = await session.get(ChartRepositoryRow, row_id)
            return ChartRepository.of(repository) if repository and viewer.sees(repository.organization_id) else None
        if type_name == "Secret":
            secret = await session.get(SecretRow, row_id)
            return Secret.of(secret) if secret and viewer.sees(secret.organization_id) else None
        if type_name == "User" and row_id == viewer.user_id:
            user = await session.get(UserRow, row_id)
            return User.of(user) if user else None
    return None
