"""Warnings in a plan: parts of a deployment that have no effect, and are probably mistakes."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from pathlib import Path

from app.charts.contents import read_contents
from app.charts.defaults import GLOBAL
from app.core.errors import TemporaryError
from app.core.threads import in_thread
from app.deployments.desired_state import DesiredState
from app.deployments.services import DeploymentServices
from app.releases.known_paths import unknown_paths
from app.releases.paths import path_of
from app.releases.references import Layer, place
from app.releases.values import Values

_MOST = 50


class WarningCode(StrEnum):
    SELECTOR_MATCHES_NOTHING = "SELECTOR_MATCHES_NOTHING"
    OVERRIDE_WITHOUT_TARGET = "OVERRIDE_WITHOUT_TARGET"
    UNKNOWN_PATH = "UNKNOWN_PATH"
    UNKNOWN_DEPENDENCY = "UNKNOWN_DEPENDENCY"
    DEPENDENCY_WITHOUT_TARGET = "DEPENDENCY_WITHOUT_TARGET"
    NEEDED_BY_OTHERS = "NEEDED_BY_OTHERS"
    MORE = "MORE"


@dataclass(frozen=True)
class PlanWarning:
    """A warning does not prevent the change. `path` leads into the input."""

    code: WarningCode
    message: str
    path: tuple[str, ...] = ()


async def warnings_about(services: DeploymentServices, state: DesiredState) -> list[PlanWarning]:
    """The warnings about a desired state that has its inputs, at most 50."""
    defaults = None
    with suppress(TemporaryError):  # the plan itself reports that the chart cannot be read
        defaults = await in_thread(_defaults, await services.archives.file(state.archive.digest))
    found = list(islice(_warnings(state, defaults), _MOST + 1))
    if len(found) > _MOST:
        found[_MOST:] = [
            PlanWarning(WarningCode.MORE, f"There are more than {_MOST} warnings; the others are not shown.")
        ]
    return found


def _defaults(archive: Path) -> Values | None:
    values = read_contents(archive).values
    return values.every_default() if values is not None else None


def _warnings(state: DesiredState, defaults: Values | None) -> Iterator[PlanWarning]:
    selector = state.membership.selector
    facts = [inputs.facts for inputs in state.inputs.values() if inputs.facts is not None]
    if selector is not None and not set(state.targets) - set(state.membership.listed):
        message = f"targetSelector ({selector}) matches no member of the group."
        yield PlanWarning(WarningCode.SELECTOR_MATCHES_NOTHING, message, ("targetSelector",))
    for index, one in enumerate(state.selected):
        if not any(map(one.selector.matches, facts)):
            message = f"The selector of override {index + 1} ({one.selector}) matches no target."
            yield PlanWarning(
                WarningCode.SELECTOR_MATCHES_NOTHING, message, ("selectorOverrides", str(index), "select")
            )
    for cluster in sorted(state.overrides.keys() - set(state.targets)):
        message = f"The override for {cluster} has no effect: the cluster is not a target now."
        yield PlanWarning(WarningCode.OVERRIDE_WITHOUT_TARGET, message, ("valueOverrides", cluster))
    if defaults is None:
        return
    layers: list[tuple[str, tuple[str, ...], Layer]] = [("values", ("values",), state.common)]
    layers += [
        (f"override {index + 1} by selector", ("selectorOverrides", str(index), "values"), one.layer)
        for index, one in enumerate(state.selected)
    ]
    layers += [
        (f"override for {name}", ("valueOverrides", name), layer) for name, layer in sorted(state.overrides.items())
    ]
    for name, path, layer in layers:
        values = place(layer.values, ((found.segments, "") for found in layer.references))
        values.pop(GLOBAL, None)
        for segments in unknown_paths(values, defaults, state.archive.values_schema):
            message = f"{name}: {path_of(segments)} is neither among the chart's defaults nor in its values schema."
            yield PlanWarning(WarningCode.UNKNOWN_PATH, message, (*path, *segments))
