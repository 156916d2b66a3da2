"""The deployments that a deployment depends on: those of its group whose releases have to be ready first."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.errors import Conflict, Problem, all_invalid, invalid
from app.core.names import some_of
from app.core.transaction import Transaction
from app.deployments.codes import DeploymentCode
from app.deployments.evaluation import ask_program
from app.deployments.proposal import Dependency, Proposal
from app.deployments.services import DeploymentServices
from app.deployments.warnings import PlanWarning, WarningCode
from app.releases.cycles import find_cycle, shown
from app.releases.dependencies import VARIABLES, Need, Other, wait_for
from app.tables.clusters import Cluster
from app.tables.deployments import Deployment, DeploymentDependency
from app.tables.targets import Target
from app.targets.waits import review

MAX_DEPENDENCIES = 20
"""The maximum number of deployments that one depends on."""


@dataclass(frozen=True)
class GivenDependency:
    """A deployment of the same group, by its release name. Without a condition, its target has to be DEPLOYED and
    HEALTHY."""

    deployment: str
    condition: str | None = None


async def check_dependencies(
    services: DeploymentServices, organization_id: int, given: Sequence[GivenDependency], own_name: str | None
) -> None:
    """Checks what can be checked without other deployments.

    Raises:
        ValidationFailed: with every problem found.
    """
    problems = []
    if len(given) > MAX_DEPENDENCIES:
        problems.append(Problem(("dependsOn",), f"A deployment depends on at most {MAX_DEPENDENCIES} others."))
        raise all_invalid(problems)
    seen: set[str] = set()
    for index, one in enumerate(given):
        path = ("dependsOn", str(index), "deployment")
        if one.deployment == own_name:
            problems.append(Problem(path, "A deployment cannot depend on itself."))
        elif one.deployment in seen:
            problems.append(Problem(path, f"{one.deployment} is given twice."))
        seen.add(one.deployment)
    conditions = [(index, one.condition) for index, one in enumerate(given) if one.condition is not None]
    if conditions and not problems:
        asked = {"variables": VARIABLES, "expressions": [text for _, text in conditions], "cases": []}
        answer = await ask_program(services.expressions, organization_id, asked, "dependsOn")
        for place, message in answer["refused"].items():
            problems.append(Problem(("dependsOn", str(conditions[int(place)][0]), "condition"), f"{message}."))
    if problems:
        raise all_invalid(problems)


async def dependencies_of(session: AsyncSession, deployment_ids: Sequence[int]) -> dict[int, list[Dependency]]:
    """What each of these deployments depends on, by name."""
    found: dict[int, list[Dependency]] = {id_: [] for id_ in deployment_ids}
    statement = (
        select(col(DeploymentDependency.deployment_id), col(Deployment.id), col(Deployment.release_name))
        .add_columns(col(DeploymentDependency.condition))
        .join(Deployment, col(Deployment.id) == DeploymentDependency.depends_on_id)
        .where(col(DeploymentDependency.deployment_id).in_(deployment_ids))
        .order_by(col(Deployment.release_name))
    )
    for deployment_id, *dependency in await session.execute(statement):
        found[deployment_id].append(Dependency(*dependency))
    return found


async def dependents_of(session: AsyncSession, deployment_ids: Sequence[int]) -> dict[int, list[Deployment]]:
    """The deployments that depend on each of these, by name."""
    found: dict[int, list[Deployment]] = {id_: [] for id_ in deployment_ids}
    statement = (
        select(col(DeploymentDependency.depends_on_id), Deployment)
        .join(Deployment, col(Deployment.id) == DeploymentDependency.deployment_id)
        .where(col(DeploymentDependency.depends_on_id).in_(deployment_ids))
        .order_by(col(Deployment.release_name))
    )
    for deployment_id, dependent in await session.execute(statement):
        found[deployment_id].append(dependent)
    return found


async def resolve(
    session: AsyncSession, group_id: int, given: Sequence[GivenDependency], *, hold: bool = False
) -> tuple[list[Dependency], list[str]]:
    """The given dependencies that exist, and the names of the others. With `hold`, they are not deleted before the
    transaction ends.

    Raises:
        ValidationFailed: if one is being deleted.
    """
    names = [one.deployment for one in given]
    statement = (
        select(Deployment)
        .where(col(Deployment.group_id) == group_id, col(Deployment.release_name).in_(names))
        .order_by(col(Deployment.id))
    )
    if hold:
        statement = statement.with_for_update(read=True)
    rows = {row.release_name: row for row in (await session.execute(statement)).scalars()}
    problems = [
        Problem(("dependsOn", str(index), "deployment"), f"{name} is being deleted.")
        for index, name in enumerate(names)
        if name in rows and rows[name].deleting
    ]
    if problems:
        raise all_invalid(problems)
    known = [
        Dependency(rows[one.deployment].id, one.deployment, one.condition) for one in given if one.deployment in rows
    ]
    return known, [name for name in names if name not in rows]


async def check_cycle(session: AsyncSession, group_id: int, own_name: str, wanted: Sequence[Dependency]) -> None:
    """Raises ValidationFailed if the deployments of the group would depend on each other in a cycle."""
    statement = (
        select(col(DeploymentDependency.deployment_id), col(DeploymentDependency.depends_on_id))
        .join(Deployment, col(Deployment.id) == DeploymentDependency.deployment_id)
        .where(col(Deployment.group_id) == group_id)
    )
    edges = (await session.execute(statement)).all()
    ids = {id_ for edge in edges for id_ in edge}
    rows = await session.execute(
        select(col(Deployment.id), col(Deployment.release_name)).where(col(Deployment.id).in_(ids))
    )
    names: dict[int, str] = {row[0]: row[1] for row in rows}
    needs: dict[str, set[str]] = {}
    for one, other in edges:
        needs.setdefault(names[one], set()).add(names[other])
    needs[own_name] = {one.release_name for one in wanted}
    if cycle := find_cycle(needs):
        message = f"The deployments depend on each other in a cycle: {shown(cycle)}."
        raise invalid(DeploymentCode.DEPENDENCY_CYCLE, message, "dependsOn")


async def write_dependencies(
    transaction: Transaction, deployment: Deployment, given: Sequence[GivenDependency]
) -> bool:
    """Replaces what a deployment depends on; returns whether that is a change. The caller has locked the group, so that
    no two changes make a cycle together.

    Raises:
        ValidationFailed: if a deployment does not exist, or there is a cycle.
    """
    session = transaction.session
    wanted, unknown = await resolve(session, deployment.group_id, given, hold=True)
    if unknown:
        raise all_invalid(unknown_problems(given, unknown))
    before = (await dependencies_of(session, [deployment.id]))[deployment.id]
    if before == sorted(wanted, key=lambda one: one.release_name):
        return False
    await check_cycle(session, deployment.group_id, deployment.release_name, wanted)
    await session.execute(delete(DeploymentDependency).where(col(DeploymentDependency.deployment_id) == deployment.id))
    for one in wanted:
        session.add(DeploymentDependency(deployment_id=deployment.id, depends_on_id=one.id, condition=one.condition))
    await session.flush()
    for id_ in {deployment.id, *(one.id for one in before)}:  # their work may wait because of a dependency that is gone
        review(transaction, deployment.organization_id, id_)
    return True


def unknown_problems(given: Sequence[GivenDependency], unknown: Sequence[str]) -> list[Problem]:
    return [
        Problem(("dependsOn", str(index), "deployment"), f"There is no deployment {one.deployment} in the group.")
        for index, one in enumerate(given)
        if one.deployment in unknown
    ]


async def check_unneeded(session: AsyncSession, deployment: Deployment) -> None:
    """Raises Conflict if deployments depend on this one that are not being deleted."""
    dependents = (await dependents_of(session, [deployment.id]))[deployment.id]
    if staying := [row.release_name for row in dependents if not row.deleting]:
        raise Conflict(
            DeploymentCode.HAS_DEPENDENTS,
            f"{some_of(staying)} depend{'s' if len(staying) == 1 else ''} on {deployment.release_name}: delete"
            f" {'it' if len(staying) == 1 else 'them'} first, remove the dependency, or delete with force.",
            ("id",),
        )


async def planned_needs(
    session: AsyncSession, dependencies: Sequence[Dependency], clusters: Mapping[str, Cluster]
) -> list[Need]:
    """What the releases on these clusters need of other deployments now."""
    if not dependencies or not clusters:
        return []
    statement = select(col(Target.deployment_id), col(Target.cluster_id), col(Target.status), col(Target.health)).where(
        col(Target.deployment_id).in_([one.id for one in dependencies]),
        col(Target.cluster_id).in_([cluster.id for cluster in clusters.values()]),
        col(Target.wanted),
    )
    others = {(row[0], row[1]): Other(row[2], row[3]) for row in await session.execute(statement)}
    return [
        Need(one.release_name, name, others.get((one.id, cluster.id)), one.condition)
        for name, cluster in sorted(clusters.items())
        for one in dependencies
    ]


def planned_waits(needs: Iterable[Need]) -> dict[str, list[str]]:
    """What actions would wait for, by the cluster's name."""
    found: dict[str, list[str]] = {}
    for need in needs:
        if message := wait_for(need):
            found.setdefault(need.cluster, []).append(message)
    return found


async def dependency_warnings(
    services: DeploymentServices, proposal: Proposal, unknown: Iterable[str] = ()
) -> list[PlanWarning]:
    """The warnings about dependencies that hold up the work on some clusters. `unknown` are names of deployments that
    do not exist."""
    async with services.database.reading() as session:
        needs = await planned_needs(session, proposal.depends_on, proposal.clusters)
        staying = await _dependents_on(session, proposal.deployment, proposal.leaving)
    found = [
        PlanWarning(WarningCode.UNKNOWN_DEPENDENCY, f"There is no deployment {name} in the group yet.", ("dependsOn",))
        for name in unknown
    ]
    without: dict[str, list[str]] = {}
    for need in needs:
        if need.other is None:
            without.setdefault(need.deployment, []).append(need.cluster)
    for name, clusters in without.items():
        message = f"{name} has no target on {some_of(clusters)}: the work there waits until it has."
        found.append(PlanWarning(WarningCode.DEPENDENCY_WITHOUT_TARGET, message, ("dependsOn",)))
    for name, clusters in staying.items():
        message = f"{name} depends on it on {some_of(clusters)}: the removal there waits until {name} is removed."
        found.append(PlanWarning(WarningCode.NEEDED_BY_OTHERS, message, ("targets",)))
    return found


async def _dependents_on(
    session: AsyncSession, deployment: Deployment, leaving: Sequence[Cluster]
) -> dict[str, list[str]]:
    """The clusters among these on which others depend on a deployment, by their release names."""
    if not leaving or deployment.id is None:
        return {}
    statement = (
        select(col(Deployment.release_name), col(Cluster.name))
        .join(DeploymentDependency, col(DeploymentDependency.deployment_id) == Deployment.id)
        .join(Target, col(Target.deployment_id) == Deployment.id)
        .join(Cluster, col(Cluster.id) == Target.cluster_id)
        .where(col(DeploymentDependency.depends_on_id) == deployment.id, col(Target.wanted))
        .where(col(Cluster.id).in_([cluster.id for cluster in leaving]))
        .order_by(col(Deployment.release_name), col(Cluster.name))
    )
    found: dict[str, list[str]] = {}
    for name, cluster in await session.execute(statement):
        found.setdefault(name, []).append(cluster)
    return found
