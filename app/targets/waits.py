"""What the work on a target waits for. A target that waits takes no slot: no worker sees its work as due."""

from collections.abc import Iterable
from typing import Any, ClassVar, Protocol

from sqlalchemy import Boolean, and_, bindparam, func, literal_column, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from app.core.jobs import Job
from app.core.transaction import Transaction
from app.releases.endpoints import Endpoint, missing
from app.releases.status import Reason, ReasonCode
from app.tables.deployments import Deployment
from app.tables.targets import Target

WAITS_FOR_OTHERS = literal_column("target.waits_for <> '[]'::jsonb", Boolean)
"""The target waits for other deployments. The index `ix_target_waiting` has these targets."""

WAITS = or_(WAITS_FOR_OTHERS, and_(col(Target.wanted), col(Target.endpoints).contains([{"value": None}])))
"""The target waits for something."""

_OTHER = aliased(Target)
_REFERS = select(col(_OTHER.id)).where(
    col(_OTHER.deployment_id) == Deployment.id, func.jsonb_array_length(col(_OTHER.endpoints)) > 0
)
_DEPLOYMENTS = select(col(Deployment.id), col(Deployment.organization_id)).join(
    Target, col(Target.deployment_id) == Deployment.id
)
_REFERRING = _DEPLOYMENTS.where(col(Target.id).in_(bindparam("ids", expanding=True)), _REFERS.exists()).distinct()
_WAITING = _DEPLOYMENTS.where(col(Target.cluster_id).in_(bindparam("ids", expanding=True)), WAITS_FOR_OTHERS).distinct()


class ReviewWaits(Job):
    """Derives again what the targets of a deployment wait for, and their values."""

    job_name: ClassVar[str] = "deployments.review_waits"

    deployment_id: int


class Waiting(Protocol):
    """The columns of a target that say what it waits for."""

    @property
    def wanted(self) -> bool: ...
    @property
    def endpoints(self) -> list[dict[str, Any]]: ...
    @property
    def waits_for(self) -> list[str]: ...


def waits_of(target: Waiting) -> tuple[Reason, ...]:
    """What the work on a target waits for, as reasons of its status."""
    endpoints = map(Endpoint.of_json, target.endpoints) if target.wanted else ()
    return (*endpoint_waits(endpoints), *dependency_waits(target.waits_for))


def endpoint_waits(endpoints: Iterable[Endpoint]) -> tuple[Reason, ...]:
    """The endpoints that are missing, as reasons of a status."""
    return tuple(Reason(ReasonCode.ENDPOINT, f"Waiting for the {found}.") for found in missing(endpoints))


def dependency_waits(messages: Iterable[str]) -> tuple[Reason, ...]:
    """What is awaited of other deployments, as reasons of a status."""
    return tuple(Reason(ReasonCode.DEPENDENCY, message) for message in messages)


def review(transaction: Transaction, organization_id: int, deployment_id: int) -> None:
    """Has it found out after the commit what the targets of a deployment wait for."""
    transaction.enqueue(ReviewWaits(deployment_id=deployment_id), organization_id=organization_id)


async def review_referring(transaction: Transaction, target_ids: Iterable[int]) -> None:
    """Reviews the deployments whose values may refer to endpoints of these targets."""
    await _review(transaction, _REFERRING, target_ids)


async def review_waiting(transaction: Transaction, cluster_ids: Iterable[int]) -> None:
    """Reviews the deployments that wait for others on these clusters."""
    await _review(transaction, _WAITING, cluster_ids)


async def _review(transaction: Transaction, statement: Any, ids: Iterable[int]) -> None:
    if not (found := list(ids)):
        return
    for deployment_id, organization_id in await transaction.session.execute(statement, {"ids": found}):
        review(transaction, organization_id, deployment_id)
