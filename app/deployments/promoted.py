"""Where a promoted generation comes from."""

from dataclasses import dataclass
from typing import Any

from app.core.transaction import Transaction
from app.deployments.codes import DeploymentEvent
from app.tables.deployments import Deployment, DeploymentRevision


@dataclass(frozen=True)
class Promoted:
    """A generation of another deployment, which has this id and, at the time, this name."""

    deployment_id: int
    name: str
    generation: int

    def as_json(self) -> dict[str, Any]:
        return {"deployment": self.deployment_id, "name": self.name, "generation": self.generation}


async def note_promotion(
    transaction: Transaction, deployment: Deployment, promoted: Promoted, author: str | None
) -> None:
    """Writes down that the generation that this transaction has written is a promoted one."""
    revision = await transaction.session.get_one(DeploymentRevision, (deployment.id, deployment.generation))
    revision.promoted_from = promoted.as_json()
    transaction.record(
        DeploymentEvent.PROMOTED,
        f"Generation {promoted.generation} of {promoted.name} was promoted to {deployment.release_name}:"
        f" generation {deployment.generation}.",
        organization_id=deployment.organization_id,
        actor=author,
        subject=deployment,
        generation=deployment.generation,
        promoted_from=promoted.as_json(),
    )
