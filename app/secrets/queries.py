"""Secrets as deployments use them: their marks, and the rows that a worker decrypts."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

import orjson
from sqlalchemy import BindParameter, Select, bindparam, delete, insert, select
from sqlmodel import col, or_
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.encryption import KeyRing, Sealed
from app.core.errors import Problem, all_invalid
from app.identity.permissions import Permission
from app.identity.viewer import Viewer
from app.releases.references import Marks, Reference
from app.tables.groups import ClusterGroup
from app.tables.secrets import Secret, SecretUse

_IDS: BindParameter[int] = bindparam("ids", expanding=True)
_MARKS = (
    select(col(SecretUse.deployment_id), col(Secret.name), col(Secret.marks))
    .join(Secret, col(Secret.id) == SecretUse.secret_id)
    .where(col(SecretUse.deployment_id).in_(_IDS))
)
_USED = (
    select(Secret)
    .join(SecretUse, col(SecretUse.secret_id) == Secret.id)
    .where(col(SecretUse.deployment_id) == bindparam("deployment"))
)


async def marks_by_deployment(session: AsyncSession, deployment_ids: Iterable[int]) -> dict[int, Marks]:
    """Returns the marks of all values that each of these deployments may refer to."""
    marks: defaultdict[int, dict[tuple[str, str], str]] = defaultdict(dict)
    for deployment_id, name, kept in await session.execute(_MARKS, {"ids": list(deployment_ids)}):
        marks[deployment_id] |= {(name, key): mark for key, mark in kept.items()}
    return dict(marks)


async def used_by(session: AsyncSession, deployment_id: int) -> Sequence[Secret]:
    return (await session.execute(_USED, {"deployment": deployment_id})).scalars().all()


def marks_of(secrets: Iterable[Secret]) -> Marks:
    return {(secret.name, key): mark for secret in secrets for key, mark in secret.marks.items()}


async def referenced(
    session: AsyncSession, group: ClusterGroup, references: Collection[Reference], *, hold: bool = False
) -> Sequence[Secret]:
    """Returns the secrets that a deployment of a group refers to. `hold` locks them until the transaction ends.

    Raises:
        ValidationFailed: Some secrets do not exist, are not available to the group, or lack a key. It lists them all.
    """
    if not references:
        return []
    statement = _available(group, {found.secret for found in references})
    secrets = (await session.execute(statement.with_for_update(read=True) if hold else statement)).scalars().all()
    marks = marks_of(secrets)
    names = {secret.name for secret in secrets}
    problems = {
        found.source: Problem(
            ("valuesFrom", found.path),
            f"The secret {found.secret} has no key {found.key!r}."
            if found.secret in names
            else f"There is no secret {found.secret!r} for the group {group.name}.",
        )
        for found in references
        if found.source not in marks
    }
    if problems:
        raise all_invalid(list(problems.values()))
    return secrets


def _available(group: ClusterGroup, names: Collection[str]) -> Select[Secret]:
    return (
        select(Secret)
        .where(col(Secret.organization_id) == group.organization_id)
        .where(or_(col(Secret.group_id).is_(None), col(Secret.group_id) == group.id))
        .where(col(Secret.name).in_(names))
        .order_by(col(Secret.id))
        .execution_options(populate_existing=True)
    )


async def available(session: AsyncSession, group: ClusterGroup, names: Collection[str]) -> dict[str, Secret]:
    """Returns those of these secrets that deployments of a group may refer to, by name."""
    if not names:
        return {}
    found = (await session.execute(_available(group, names))).scalars().all()
    return {secret.name: secret for secret in found}


async def write_uses(
    session: AsyncSession, deployment_id: int, secrets: Iterable[Secret], kept: Collection[int] = ()
) -> None:
    """Records which secrets the current generation and the rollout strategy of a deployment use. Those with the ids in
    `kept` remain in use if they are."""
    present = select(col(SecretUse.secret_id)).where(col(SecretUse.deployment_id) == deployment_id)
    remaining = set((await session.execute(present)).scalars()) & set(kept)
    ours = col(SecretUse.deployment_id) == deployment_id
    await session.execute(delete(SecretUse).where(ours, col(SecretUse.secret_id).not_in(remaining)))
    ids = {secret.id for secret in secrets} - remaining
    if rows := [{"deployment_id": deployment_id, "secret_id": secret_id} for secret_id in sorted(ids)]:
        await session.execute(insert(SecretUse), rows)


def require_use(viewer: Viewer, group_id: int, secrets: Iterable[Secret]) -> None:
    """Checks that the caller may refer to the secrets.

    Anyone who may refer to a secret can make a chart reveal it. Therefore a deployer of a single group may refer only
    to secrets of that group.

    Raises:
        Forbidden: The caller may not refer to them.
    """
    for secret in secrets:
        if secret.group_id is None:
            viewer.require(secret.organization_id, Permission.SECRETS_USE)
        else:
            viewer.require(secret.organization_id, Permission.SECRETS_USE, group_id=group_id)


def opened(key_ring: KeyRing, secret: Secret) -> dict[str, str]:
    """Returns the decrypted values of a secret, by key, for immediate use.

    Raises:
        KeyRingError: They cannot be decrypted.
    """
    sealed = Sealed(secret.key_id, secret.sealed)
    values: dict[str, str] = orjson.loads(key_ring.open(sealed, bound_to(secret.id)))
    return values


def bound_to(secret_id: int) -> str:
    return f"secret:{secret_id}"
