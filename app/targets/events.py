"""Records the events of targets."""

from typing import Any

from app.core.transaction import Transaction
from app.tables.deployments import Deployment
from app.tables.targets import Target
from app.targets.codes import TargetEvent


def record_event(
    transaction: Transaction,
    kind: TargetEvent,
    message: str,
    *,
    target: Target,
    deployment: Deployment,
    cluster_name: str,
    **data: Any,
) -> None:
    """Records an event with the names of the deployment and of the cluster: it may outlive both."""
    transaction.record(
        kind,
        message,
        organization_id=deployment.organization_id,
        subject=target,
        deployment=deployment.release_name,
        cluster=cluster_name,
        **data,
    )
