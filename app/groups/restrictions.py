"""Restrictions of a group's deployments: allowed namespaces, and a service account."""

from collections.abc import Iterable, Iterator, Sequence

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.clusters.access_reviews import may_impersonate
from app.clusters.members import AT_ONCE
from app.clusters.service_accounts import ServiceAccount
from app.clusters.services import ClusterServices
from app.core.concurrency import for_each
from app.core.errors import ActionError, Conflict, Problem, invalid
from app.core.names import label_problem, some_of
from app.core.transaction import Transaction
from app.groups.codes import GroupCode, GroupEvent
from app.identity.viewer import Viewer
from app.releases.error_codes import ActionCode
from app.tables.clusters import Cluster
from app.tables.deployments import Deployment
from app.tables.groups import ClusterGroup

MOST_NAMESPACES = 100


def restriction_problems(namespaces: Sequence[str] | None, service_account: str | None) -> Iterator[Problem]:
    """Returns the problems with given restrictions of a group. None means not given."""
    if namespaces is not None and len(namespaces) > MOST_NAMESPACES:
        yield Problem(("allowedNamespaces",), f"A group has at most {MOST_NAMESPACES} allowed namespaces.")
    for namespace in namespaces or ():
        if problem := label_problem(namespace, "allowedNamespaces", what="A namespace"):
            yield problem
            break
    if service_account:
        try:
            ServiceAccount.parse(service_account)
        except ValueError as error:
            yield Problem(("serviceAccount",), str(error))


async def impersonation_warnings(
    services: ClusterServices, account: ServiceAccount, clusters: Iterable[Cluster], *, field: str
) -> list[str]:
    """Checks on clusters whether their credentials may impersonate a service account.

    `field` is the input field that an error refers to.

    Returns:
        Warnings about the clusters that could not be reached.

    Raises:
        ValidationFailed: The credentials of some clusters may not impersonate it. It lists the clusters.
    """
    warnings: list[str] = []

    async def review(cluster: Cluster) -> bool:
        try:
            return await may_impersonate(services.members.of(cluster), account)
        except ActionError as error:
            warnings.append(
                f"{cluster.name} could not be reached to check whether its credentials may impersonate the service"
                f" account {account}: {error.message}"
            )
            return True

    asked = list(clusters)
    answers = await for_each(asked, review, at_once=AT_ONCE)
    if refused := [cluster.name for cluster, allowed in zip(asked, answers, strict=True) if not allowed]:
        names = some_of(refused)
        message = (
            f"The credentials of {names} may not impersonate the service account {account}. Allow it with a Role and a"
            f" RoleBinding in the namespace {account.namespace} (docs/permissions.md), then try again."
        )
        raise invalid(ActionCode.IMPERSONATION_FORBIDDEN, message, field)
    return sorted(warnings)


async def restrict(
    transaction: Transaction,
    viewer: Viewer,
    group: ClusterGroup,
    namespaces: Sequence[str] | None,
    service_account: str | None,
) -> None:
    """Changes the restrictions of a locked group. None leaves a restriction unchanged.

    Raises:
        Conflict: A deployment uses a namespace that would no longer be allowed.
    """
    before = group.allowed_namespaces, group.service_account
    if namespaces is not None:
        group.allowed_namespaces = sorted(set(namespaces))
        await _check_deployments(transaction.session, group)
    if service_account is not None:
        group.service_account = service_account or None
    if (group.allowed_namespaces, group.service_account) == before:
        return
    where = f"namespaces {', '.join(group.allowed_namespaces)}" if group.allowed_namespaces else "any namespace"
    who = f"the service account {group.service_account}" if group.service_account else "the clusters' credentials"
    transaction.record(
        GroupEvent.RESTRICTIONS,
        f"Deployments of {group.name} may use {where}, with {who}.",
        organization_id=group.organization_id,
        actor=viewer.name,
        subject=group,
        allowed_namespaces=group.allowed_namespaces,
        service_account=group.service_account,
    )


def check_namespace(group: ClusterGroup, namespace: str) -> None:
    """Raises ValidationFailed if deployments of the group may not use the namespace."""
    if not group.allows(namespace):
        allowed = ", ".join(group.allowed_namespaces)
        message = f"Deployments of {group.name} may not use the namespace {namespace}. Allowed namespaces: {allowed}."
        raise invalid(GroupCode.NAMESPACE_NOT_ALLOWED, message, "namespace")


async def _check_deployments(session: AsyncSession, group: ClusterGroup) -> None:
    if not group.allowed_namespaces:
        return
    statement = (
        select(Deployment.release_name, Deployment.namespace)
        .where(col(Deployment.group_id) == group.id, col(Deployment.deleting).is_(False))
        .where(col(Deployment.namespace).not_in(group.allowed_namespaces))
        .order_by(col(Deployment.release_name))
    )
    outside = (await session.exec(statement)).all()
    if outside:
        names = some_of([f"{name} in {namespace}" for name, namespace in outside])
        raise Conflict(
            GroupCode.NAMESPACES_IN_USE,
            f"{group.name} has deployments in other namespaces ({names}). Delete them first, or also"
            " allow these namespaces.",
            ("allowedNamespaces",),
        )
