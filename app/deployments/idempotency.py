"""Idempotency keys: a request that is repeated with the same key has one effect and gets the same answer."""

import hashlib
import json
from dataclasses import asdict
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.errors import Conflict, invalid
from app.core.transaction import Transaction
from app.deployments.codes import DeploymentCode
from app.tables.columns import now
from app.tables.operations import IdempotencyKey

LONGEST_KEY = 200
KEPT_DAYS = 7


class RepeatedRequest(Exception):  # noqa: N818 - control flow, not an error
    """The request was already answered, with this deployment and operation."""

    def __init__(self, deployment_id: int | None, operation_id: int | None) -> None:
        self.deployment_id = deployment_id
        self.operation_id = operation_id


def request_digest(verb: str, request: Any) -> bytes:
    """Equal for equal requests. `request` is a dataclass of JSON that has not been checked yet, so it may contain
    values that Helm would refuse; Python's encoder accepts them all."""
    text = json.dumps([verb, asdict(request) | {"idempotency_key": None}], sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


async def check_repeated(session: AsyncSession, organization_id: int, key: str | None, digest: bytes) -> None:
    """Raises RepeatedRequest if the request was already answered, and Conflict if its key belongs to another
    request."""
    if key is None:
        return
    if not 0 < len(key) <= LONGEST_KEY or "\x00" in key:
        raise invalid(
            DeploymentCode.IDEMPOTENCY_KEY, f"An idempotencyKey has 1 to {LONGEST_KEY} characters.", "idempotencyKey"
        )
    row = await session.get(IdempotencyKey, (organization_id, key), populate_existing=True)
    if row is None:
        return
    if row.request_digest != digest:
        raise Conflict(
            DeploymentCode.IDEMPOTENCY_KEY_REUSED,
            "This idempotencyKey was used for a request with other input. Use a new key for a new request.",
            ("idempotencyKey",),
        )
    raise RepeatedRequest(row.deployment_id, row.operation_id)


async def take_key(transaction: Transaction, organization_id: int, key: str | None, digest: bytes) -> None:
    """Takes the key in the transaction that does the work. A concurrent request with the same key waits here until the
    first one commits, and is then a repeated request."""
    if key is None:
        return
    taken = await transaction.session.execute(
        insert(IdempotencyKey)
        .values(organization_id=organization_id, key=key, request_digest=digest, created_at=now())
        .on_conflict_do_nothing()
        .returning(IdempotencyKey.__table__.c.key)  # type: ignore[attr-defined]
    )
    if taken.first() is None:
        await check_repeated(transaction.session, organization_id, key, digest)


async def keep_answer(
    transaction: Transaction, organization_id: int, key: str | None, deployment_id: int, operation_id: int | None
) -> None:
    if key is not None:
        row = await transaction.session.get(IdempotencyKey, (organization_id, key), populate_existing=True)
        assert row is not None
        row.deployment_id, row.operation_id = deployment_id, operation_id
