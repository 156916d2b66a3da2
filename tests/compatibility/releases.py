"""Releases with removed API versions, as the observer would have stored them."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import update
from sqlmodel import col, select

from app.releases.inventory import ResourceOrigin
from app.tables.clusters import Cluster
from app.tables.columns import now
from app.tables.deployments import Deployment
from app.tables.operations import OperationResult
from app.tables.resources import LiveResource
from app.tables.states import OperationState
from app.tables.targets import Release, Target
from schema.relay.ids import encode_id, row_id
from tests.stack import Stack

OLD = (("policy", "v1beta1", "PodDisruptionBudget"), ("autoscaling", "v2beta2", "HorizontalPodAutoscaler"))


async def store(stack: Stack, deployment_id: str, objects: Iterable[tuple[str, str, str]] = OLD) -> list[str]:
    """Stores that a deployment's releases are installed, and contain objects with these groups, versions and kinds;
    gives the ids of the targets."""
    async with stack.services.transaction() as transaction:
        session = transaction.session
        deployment = await session.get_one(Deployment, row_id(deployment_id, "Deployment"))
        statement = select(Target, Cluster).join(Cluster, col(Cluster.id) == Target.cluster_id)
        statement = statement.where(col(Target.deployment_id) == deployment.id).order_by(col(Cluster.name))
        targets: list[str] = []
        for target, cluster in (await session.exec(statement)).all():
            targets.append(encode_id("DeploymentTarget", target.id))
            target.claimed, target.inventory_version = True, "1"
            release: dict[str, Any] = {"name": deployment.release_name, "namespace": deployment.namespace}
            release |= {"revision": 3, "status": "deployed", "digest": target.desired_digest, "resource_version": "1"}
            release |= {"chart_name": "web", "chart_version": "1.0.0", "updated_at": now(), "values": {}}
            session.add(Release(cluster_id=cluster.id, **release))
            for group, version, kind in objects:
                session.add(
                    LiveResource(
                        target_id=target.id,
                        api_group=group,
                        api_version=version,
                        kind=kind,
                        plural="",
                        namespace=deployment.namespace,
                        name=deployment.release_name,
                        origin=ResourceOrigin.MANIFEST,
                        manifest_digest=b"",
                    )
                )
        open_results = update(OperationResult).where(
            col(OperationResult.target_id).in_(row_id(each, "DeploymentTarget") for each in targets)
        )
        await session.execute(open_results.values(state=OperationState.SUCCEEDED))
        return targets
