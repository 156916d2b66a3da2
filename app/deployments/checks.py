"""Checks of a whole request, before anything is written or any member is changed."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.charts.contents import read_contents
from app.charts.defaults import ChartValues
from app.charts.value_schema import schema_problems
from app.core.errors import Conflict, Problem, TemporaryError, all_invalid, invalid
from app.core.names import MAX_RELEASE_NAME, is_subdomain, label_problem
from app.core.threads import in_thread
from app.deployments.codes import DeploymentCode
from app.deployments.desired_state import DesiredState, Override, desired_state_problems
from app.deployments.services import DeploymentServices
from app.releases.canonical import canonical
from app.releases.endpoints import is_placeholder
from app.releases.references import is_mark, value_at
from app.releases.values import Values
from app.tables.charts import ChartArchive
from app.tables.groups import MULTI_CLUSTER_DEPLOYMENT, ClusterGroup, GroupFeature

MOST_DEFINITIONS = 100
"""How many CustomResourceDefinitions a request can name."""


async def check_feature(session: AsyncSession, group: ClusterGroup) -> None:
    """Raises Conflict if multi-cluster deployment is turned off for the group."""
    feature = await session.get(GroupFeature, (group.id, MULTI_CLUSTER_DEPLOYMENT))
    if feature is None or not feature.enabled:
        raise Conflict(
            DeploymentCode.FEATURE_OFF,
            f"{MULTI_CLUSTER_DEPLOYMENT} is disabled in {group.name}. Enable it with setGroupFeature.",
            ("group",),
        )


def name_problems(release_name: str | None, namespace: str) -> list[Problem]:
    found = [label_problem(namespace, "namespace", what="A namespace")]
    if release_name is not None:
        found.append(label_problem(release_name, "releaseName", what="A release name", longest=MAX_RELEASE_NAME))
    return [problem for problem in found if problem]


def definition_problems(names: Sequence[str] | None) -> list[Problem]:
    """What is wrong with the names of CustomResourceDefinitions."""
    field = "allowCrdVersionRemoval"
    given = names or ()
    if len(given) > MOST_DEFINITIONS:
        return [Problem((field,), f"At most {MOST_DEFINITIONS} CustomResourceDefinitions can be named.")]
    return [
        Problem((field, str(index)), f"{name[:80]!r} is not the name of a CustomResourceDefinition, such as a.example.")
        for index, name in enumerate(given)
        if not is_subdomain(name)
    ]


async def check_desired_state(
    services: DeploymentServices, organization_id: int, state: DesiredState, members: Collection[str]
) -> None:
    """Checks a desired state as a whole and, for each cluster, its values against the chart's schema. `members` are
    those of the group.

    Raises:
        ValidationFailed: with every problem found.
    """
    found = await in_thread(_problems, state, members)
    # Without targets, expressions have no results that a schema could describe.
    is_known = bool(state.targets) or not state.depends_on_inputs
    if not found and is_known and state.archive.values_schema is not None:
        try:
            path = await services.archives.file(state.archive.digest)
        except TemporaryError as error:
            raise invalid(error.code, f"{error.message} Try again when it can.", "chart") from None
        found = await _against_schema(services, organization_id, state, state.archive.values_schema, path)
    if found:
        raise all_invalid(found)


def _problems(state: DesiredState, members: Collection[str]) -> list[Problem]:
    return list(desired_state_problems(state, members))


async def _against_schema(
    services: DeploymentServices,
    organization_id: int,
    state: DesiredState,
    schema: Mapping[str, Any],
    path: Path,
) -> list[Problem]:
    defaults = await in_thread(_defaults, path)
    if defaults is None:  # only Helm knows the values that the templates get
        return []
    shared, distinct = await in_thread(_distinct, state)
    problems = await schema_problems(
        services.schemas,
        schema,
        (defaults.seen(values) for _, values in distinct.values()),
        share=organization_id,
        chart=f"{state.archive.name} {state.archive.version}",
    )
    found: list[Problem] = []
    for (text, (cluster, values)), theirs in zip(distinct.items(), problems, strict=True):
        # Problems of the common values are reported once, not for each override.
        at = ("values",) if text == shared else state.place_of(cluster)
        # Values of secrets are checked by Helm in the worker: only their marks are known here.
        # Nor are those that wait for an endpoint: they are checked once it exists.
        shown = (problem for problem in theirs if not _is_open(value_at(values, problem.path)))
        found += (Problem((*at, *problem.path), f"{_where(problem)}{problem.message}") for problem in shown)
    return found


def _defaults(path: Path) -> ChartValues | None:
    return read_contents(path).values


def _distinct(state: DesiredState) -> tuple[bytes, dict[bytes, tuple[str, Values]]]:
    """The text of the common values; and, by their text, all distinct values with the first cluster that has them."""
    distinct: dict[bytes, tuple[str, Values]] = {}
    for cluster in state.targets or ("",):
        values = state.on(cluster).values
        distinct.setdefault(canonical(values), (cluster, values))
    return canonical(state.on("").values), distinct


def _is_open(value: Any) -> bool:
    return is_mark(value) or is_placeholder(value)


def _where(problem: Problem) -> str:
    return f"{'.'.join(problem.path)}: " if problem.path else ""


async def archive_of(session: AsyncSession, digest: str) -> ChartArchive:
    statement = select(ChartArchive).where(ChartArchive.digest == digest)
    return (await session.exec(statement)).one()


def overrides_by_cluster(given: Iterable[Override]) -> dict[str, Override]:
    """The overrides by the cluster's name.

    Raises:
        ValidationFailed: if a cluster has two.
    """
    overrides: dict[str, Override] = {}
    for override in given:
        if override.cluster in overrides:
            message = f"{override.cluster} has two overrides. Give only one."
            raise all_invalid([Problem(("valueOverrides", override.cluster), message)])
        overrides[override.cluster] = override
    return overrides
