"""Creates, changes and deletes secrets. Their values are used only in Helm runs, and are never returned."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.clusters.kubeconfig import read_kubeconfig
from app.core.encryption import KeyRing
from app.core.errors import Conflict, NotFound, Problem, UserError, all_invalid
from app.core.fingerprints import Mark
from app.core.names import description_problem, label_problem
from app.core.services import Services
from app.core.transaction import Transaction
from app.delivery.queries import running_strategies
from app.groups.queries import group_by_name
from app.identity.permissions import Permission
from app.identity.viewer import Viewer
from app.registers.common import CommonCode
from app.releases.release import covered
from app.rollouts.stored_form import secret_headers
from app.secrets.codes import SecretCode, SecretEvent
from app.secrets.queries import bound_to, marks_by_deployment, opened
from app.tables.clusters import Cluster
from app.tables.columns import now
from app.tables.deployments import Deployment, DeploymentRevision
from app.tables.secrets import Secret, SecretKind, SecretUse
from app.tables.targets import Target
from app.targets.desired import desired_release, inputs_of
from app.targets.judging import judge_targets

MAX_BYTES = 1_000_000
"""The size limit of all keys and values of one secret together."""

MAX_KEYS = 100
_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")
_KEYS_OF = {SecretKind.KUBECONFIG: ("kubeconfig",), SecretKind.REGISTRY: ("username", "password")}


@dataclass(frozen=True)
class CreateSecret:
    """The request, as the API takes it."""

    name: str
    data: Any = field(repr=False)
    kind: SecretKind = SecretKind.OPAQUE
    organization: str | None = None
    group: str | None = None
    description: str | None = None


async def create_secret(services: Services, viewer: Viewer, request: CreateSecret) -> Secret:
    """Stores a new secret, encrypted.

    Raises:
        UserError: says what is wrong, and quotes no value.
    """
    organization_id = viewer.organization(request.organization)
    viewer.require(organization_id, Permission.SECRETS_WRITE)
    problems = [
        label_problem(request.name, "name", what="The name of a secret"),
        description_problem(request.description),
        *_data_problems(request.kind, request.data),
    ]
    _raise(problems)
    mark = await services.fingerprints.mark()
    try:
        async with services.transaction() as transaction:
            secret = Secret(
                organization_id=organization_id,
                name=request.name,
                kind=request.kind,
                description=request.description or None,
            )
            if request.group is not None:
                secret.group_id = (await group_by_name(transaction.session, organization_id, request.group)).id
            transaction.session.add(secret)
            await transaction.session.flush()
            _seal(services.key_ring, mark, secret, request.data)
            _record(transaction, viewer, secret, SecretEvent.CREATED, f"The secret {secret.name} was created.")
            return secret
    except IntegrityError as error:
        if "uq_secret_organization_id_name" not in str(error):
            raise
        message = f"A secret named {request.name} already exists. Change it, or choose another name."
        raise Conflict(CommonCode.NAME_TAKEN, message, ("name",)) from None


async def update_secret(
    services: Services, viewer: Viewer, secret_id: int, data: Any, *, description: str | None = None
) -> Secret:
    """Sets the given values, and removes those given as null; a description that is None does not change. Targets whose
    release has an old value become STALE, until they are reconciled."""
    _raise([description_problem(description)])
    mark = await services.fingerprints.mark()
    async with services.transaction() as transaction:
        secret = await _locked(transaction.session, viewer, secret_id)
        kept = opened(services.key_ring, secret)
        if not isinstance(data, Mapping):
            _raise(list(_data_problems(secret.kind, data)))
        wanted = {key: value for key, value in {**kept, **data}.items() if value is not None}
        await _check_unused(transaction.session, secret, kept.keys() - wanted.keys())
        _raise(list(_data_problems(secret.kind, wanted)))
        stated = secret.description if description is None else description or None
        changed = sorted(key for key in kept.keys() | wanted.keys() if kept.get(key) != wanted.get(key))
        if changed:
            _seal(services.key_ring, mark, secret, wanted)
            secret.version += 1
        elif stated == secret.description:
            return secret
        secret.description, secret.updated_at = stated, now()
        await transaction.session.flush()
        if changed:
            await _judge_users(transaction, secret)
        message = f"The secret {secret.name} was changed: {', '.join(changed) or 'its description'}."
        _record(transaction, viewer, secret, SecretEvent.CHANGED, message, keys=changed)
        return secret


async def delete_secret(services: Services, viewer: Viewer, secret_id: int) -> None:
    """Deletes a secret that no deployment uses."""
    async with services.transaction() as transaction:
        session = transaction.session
        secret = await _locked(session, viewer, secret_id)
        if names := sorted(deployment.release_name for deployment, _ in await _keys_in_use(session, secret)):
            raise Conflict(
                SecretCode.SECRET_IN_USE,
                f"{secret.name} is used by {', '.join(names)}. Remove it from their valuesFrom and"
                " rollout strategies first.",
                ("id",),
            )
        _record(transaction, viewer, secret, SecretEvent.DELETED, f"The secret {secret.name} was deleted.")
        # Rollouts that have ended may have left rows of uses.
        await session.execute(delete(SecretUse).where(col(SecretUse.secret_id) == secret.id))
        await session.delete(secret)


async def _locked(session: AsyncSession, viewer: Viewer, secret_id: int) -> Secret:
    secret = await session.get(Secret, secret_id, with_for_update={"key_share": True})
    if secret is None or not viewer.sees(secret.organization_id):
        raise NotFound(SecretCode.SECRET_NOT_FOUND, "There is no such secret.", ("id",))
    viewer.require(secret.organization_id, Permission.SECRETS_WRITE)
    return secret


def _seal(key_ring: KeyRing, mark: Mark, secret: Secret, data: Mapping[str, str]) -> None:
    sealed = key_ring.seal(orjson.dumps(dict(data)), bound_to(secret.id))
    secret.sealed, secret.key_id = sealed.data, sealed.key_id
    secret.marks = {key: mark(value) for key, value in data.items()}


def _data_problems(kind: SecretKind, data: Any) -> Iterator[Problem]:
    if not isinstance(data, Mapping) or not 0 < len(data) <= MAX_KEYS:
        yield Problem(("data",), f"A secret has 1 to {MAX_KEYS} keys, each with a string as its value.")
        return
    for key, value in data.items():
        if not _KEY.fullmatch(key):
            yield Problem(("data",), "A key has 1 to 253 of the characters a-z, A-Z, 0-9, `-`, `_` and `.`.")
        elif not isinstance(value, str):
            yield Problem(("data", key), f"{key}: a value must be a string. Quote numbers.")
        elif "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value):
            yield Problem(
                ("data", key),
                f"{key}: a value must be Unicode text without U+0000. Encode other data, for example in base64.",
            )
    if sum(len(str(key)) + len(str(value)) for key, value in data.items()) > MAX_BYTES:
        yield Problem(("data",), f"A secret has at most {MAX_BYTES:,} characters in all.")
    for key in _KEYS_OF.get(kind, ()):
        if not data.get(key):
            yield Problem(("data", key), f"A secret of the kind {kind} must have the key {key}.")
    if kind is SecretKind.KUBECONFIG and isinstance(data.get("kubeconfig"), str):
        try:
            read_kubeconfig(data["kubeconfig"], None)
        except UserError as error:
            yield Problem(("data", "kubeconfig"), error.message)


def _raise(problems: list[Problem | None]) -> None:
    if found := [problem for problem in problems if problem]:
        raise all_invalid(found)


async def _users(session: AsyncSession, secret: Secret) -> list[tuple[Deployment, DeploymentRevision]]:
    """The deployments whose present generation uses a secret, locked in the order of their ids."""
    statement = (
        select(Deployment)
        .join(SecretUse, col(SecretUse.deployment_id) == Deployment.id)
        .where(col(SecretUse.secret_id) == secret.id)
        .order_by(col(Deployment.id))
        .with_for_update(of=Deployment, key_share=True)
        .execution_options(populate_existing=True)
    )
    deployments = (await session.execute(statement)).scalars().all()
    revisions = (
        select(DeploymentRevision)
        .join(Deployment, col(Deployment.id) == DeploymentRevision.deployment_id)
        .where(col(Deployment.id).in_([deployment.id for deployment in deployments]))
        .where(col(DeploymentRevision.generation) == Deployment.generation)
    )
    by_deployment = {row.deployment_id: row for row in (await session.execute(revisions)).scalars()}
    return [(deployment, by_deployment[deployment.id]) for deployment in deployments]


async def _keys_in_use(session: AsyncSession, secret: Secret) -> list[tuple[Deployment, set[str]]]:
    """The keys of a secret that deployments use now, in their values, their strategies and their running rollouts. The
    rows of uses are written with each generation, and a rollout may have ended since."""
    users = await _users(session, secret)
    running = await running_strategies(session, [deployment.id for deployment, _ in users])
    found = []
    for deployment, revision in users:
        keys = {one.key for one in revision.references() if one.secret == secret.name}
        strategies = [deployment.strategy] if deployment.strategy is not None else []
        for strategy in [*strategies, *running[deployment.id]]:
            keys |= {one["key"] for one in secret_headers(strategy) if one["secretId"] == secret.id}
        if keys:
            found.append((deployment, keys))
    return found


async def _check_unused(session: AsyncSession, secret: Secret, keys: set[str]) -> None:
    if not keys:
        return
    for deployment, used in await _keys_in_use(session, secret):
        if taken := sorted(used & keys):
            raise Conflict(
                SecretCode.SECRET_IN_USE,
                f"{deployment.release_name} uses {', '.join(taken)} of {secret.name}. Remove that from its valuesFrom"
                " or rollout strategy first.",
                ("data", taken[0]),
            )


async def _judge_users(transaction: Transaction, secret: Secret) -> None:
    """Updates the wanted state of targets that use a secret, which includes its marks, and judges them again."""
    session = transaction.session
    users = {deployment.id: (deployment, revision) for deployment, revision in await _users(session, secret)}
    marks = await marks_by_deployment(session, users)
    mark = await transaction.fingerprints.mark()
    statement = (
        select(Target, col(Cluster.name))
        .join(Cluster, col(Cluster.id) == Target.cluster_id)
        .where(col(Target.deployment_id).in_(list(users)), col(Target.wanted))
        .order_by(col(Target.id))
        .with_for_update(of=Target, key_share=True)
        .execution_options(populate_existing=True)
    )
    rows = []
    for target, cluster_name in (await session.execute(statement)).all():
        deployment, revision = users[target.deployment_id]
        desired = desired_release(deployment, revision, cluster_name, inputs_of(target), marks[deployment.id])
        desired = covered(desired, deployment.secret_paths, mark)
        rows.append({"id": target.id, "desired_digest": desired.digest})
    if rows:
        by_key = update(Target).where(col(Target.id).is_not(None)).execution_options(synchronize_session=None)
        await session.execute(by_key, rows)
        await judge_targets(transaction, target_ids=[row["id"] for row in rows])


def _record(
    transaction: Transaction, viewer: Viewer, secret: Secret, kind: SecretEvent, message: str, **data: Any
) -> None:
    transaction.record(
        kind,
        message,
        organization_id=secret.organization_id,
        actor=viewer.name,
        subject=secret,
        secret=secret.name,
        **data,
    )
