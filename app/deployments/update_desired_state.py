"""The desired state that an update asks for: what it gives, merged with what is stored."""

from collections.abc import Mapping

from app.core.errors import all_invalid
from app.deployments.checks import (
    overrides_by_cluster,
)
from app.deployments.desired_state import DesiredState, Override, references_from, value_problems
from app.deployments.given import GivenValues, read_values
from app.deployments.update_request import UpdateDeployment
from app.releases.references import Layer, references_of
from app.releases.values import patch
from app.tables.charts import ChartArchive
from app.tables.deployments import DeploymentRevision


async def given_values(request: UpdateDeployment) -> GivenValues:
    given = await read_values(request)
    problems = value_problems(
        {} if given.values is None else given.values,
        request.values_from,
        overrides_by_cluster(given.overrides or []),
        given.selected or [],
        request.target_selector,
    )
    if found := list(problems):
        raise all_invalid(found)
    return given


def updated_state(
    revision: DeploymentRevision,
    archive: ChartArchive,
    request: UpdateDeployment,
    given: GivenValues,
    known: tuple[str, ...],
) -> DesiredState:
    """The desired state of a request without its targets. `known` are the clusters whose stored overrides are kept."""
    values = revision.values
    if given.values is not None:
        values = patch(values, given.values) if request.reuse_values else dict(given.values)
    given_from = request.values_from
    references = references_of(revision.values_from) if given_from is None else references_from(given_from)
    overrides = _overrides(revision, overrides_by_cluster(given.overrides or []), request, known)
    selected = revision.selected() if given.selected is None else tuple(one.parsed for one in given.selected)
    return DesiredState(archive, Layer(values, references), overrides, selected=selected)


def _overrides(
    revision: DeploymentRevision,
    given: Mapping[str, Override],
    request: UpdateDeployment,
    known: tuple[str, ...],
) -> dict[str, Layer]:
    """The overrides of these clusters. Those of removed targets stay only in earlier generations."""
    stored = {name: layer for name in known if (layer := revision.override(name)) is not None}
    if request.value_overrides is None:
        return stored
    if not request.reuse_values:
        return {name: Layer(dict(one.values), references_from(one.values_from or [])) for name, one in given.items()}
    return stored | {name: _patched(stored.get(name, Layer({})), override) for name, override in given.items()}


def _patched(stored: Layer, given: Override) -> Layer:
    references = stored.references if given.values_from is None else references_from(given.values_from)
    return Layer(patch(stored.values, given.values), references)
