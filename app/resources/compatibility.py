"""Finds the objects of an organization's releases whose API versions a version of Kubernetes deprecates or removes."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, select, tuple_
from sqlmodel import col

from app.compatibility.incompatible import Api, ApiState, Minor, Replacement, incompatible, known_apis, minor_of
from app.core.errors import invalid
from app.core.paging import Page, Window, cursor_of, position_of
from app.core.services import Services
from app.registers.common import CommonCode
from app.releases.inventory import Reference, ResourceOrigin
from app.tables.clusters import Cluster
from app.tables.deployments import Deployment
from app.tables.groups import ClusterGroup
from app.tables.resources import LiveResource
from app.tables.targets import Target

_KEYS: tuple[Any, ...] = (
    *(col(LiveResource.kind), col(LiveResource.namespace), col(LiveResource.name)),
    *(col(LiveResource.api_version), col(LiveResource.id)),
)


@dataclass(frozen=True, slots=True)
class IncompatibleResource:
    """An object of a release, the state of its API version, and where the object is."""

    object: Reference
    origin: ResourceOrigin
    state: ApiState
    api: Api
    replacement: Replacement | None
    cluster: str
    group: str
    release: str
    release_namespace: str


def version_of(text: str) -> Minor:
    """The minor version that a caller named.

    Raises:
        ValidationFailed: if it is not a version.
    """
    try:
        return minor_of(text)
    except ValueError as error:
        raise invalid(CommonCode.INVALID_INPUT, f"{error}.", "kubernetesVersion") from None


async def count_incompatible(services: Services, organization_id: int, version: Minor, state: ApiState) -> int:
    """How many objects use an API version in this state."""
    statement = (
        select(func.count())
        .select_from(LiveResource)
        .join(Target, col(Target.id) == LiveResource.target_id)
        .join(Deployment, col(Deployment.id) == Target.deployment_id)
        .where(col(Deployment.organization_id) == organization_id, uses(version, [state]))
    )
    count: int = (await services.database.rows(statement))[0][0]
    return count


async def incompatible_resources(
    services: Services, organization_id: int, window: Window, version: Minor, state: ApiState, cluster: str | None
) -> Page[IncompatibleResource]:
    """The objects that use an API version in this state, by kind, namespace and name."""
    statement = (
        select(LiveResource, col(Cluster.name), col(ClusterGroup.name), Deployment)
        .join(Target, col(Target.id) == LiveResource.target_id)
        .join(Deployment, col(Deployment.id) == Target.deployment_id)
        .join(ClusterGroup, col(ClusterGroup.id) == Deployment.group_id)
        .join(Cluster, col(Cluster.id) == Target.cluster_id)
        .where(col(Deployment.organization_id) == organization_id, uses(version, [state]))
        .order_by(*_KEYS)
        .limit(window.first + 1)
    )
    if cluster is not None:
        statement = statement.where(col(Cluster.name) == cluster)
    if window.after is not None:
        statement = statement.where(tuple_(*_KEYS) > position_of(window.after, _KEYS))
    async with services.database.reading() as session:
        rows = (await session.execute(statement)).all()
    found = [
        incompatible_resource(row, version, cluster_name, group, deployment.release_name, deployment.namespace)
        for row, cluster_name, group, deployment in rows[: window.first]
    ]
    cursors = [cursor_of(*(getattr(row[0], key.key) for key in _KEYS)) for row in rows[: window.first]]
    return Page(found, cursors, len(rows) > window.first, window.after is not None)


def incompatible_resource(
    row: LiveResource, version: Minor, cluster: str, group: str, release: str, release_namespace: str
) -> IncompatibleResource:
    """An object that uses one of these API versions."""
    reference = Reference(row.api_group, row.api_version, row.kind, row.namespace, row.name)
    [found] = incompatible([reference], version)
    return IncompatibleResource(
        reference,
        row.origin,
        found.state,
        found.api,
        found.replacement_in(version),
        cluster,
        group,
        release,
        release_namespace,
    )


def uses(version: Minor, states: Iterable[ApiState]) -> ColumnElement[bool]:
    """Whether an object uses one of the API versions that are in one of these states in a version of Kubernetes."""
    wanted = set(states)
    names = [
        (group, api_version, kind)
        for (name, kind), api in known_apis().apis.items()
        for group, _, api_version in [name.rpartition("/")]
        if api.state_in(version) in wanted
    ]
    row = LiveResource
    return tuple_(col(row.api_group), col(row.api_version), col(row.kind)).in_(names)
