"""Derives the release that should be on a cluster from a revision of a deployment."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from app.core.fingerprints import Fingerprints
from app.releases.endpoints import Endpoint
from app.releases.layers import Inputs, LayerKind, Origin
from app.releases.origins import ValueOrigin, origins
from app.releases.references import MARK, Marks, place
from app.releases.release import Desired, Observed, covered, desired, masked
from app.releases.selectors import ClusterFacts
from app.tables.deployments import Deployment, DeploymentRevision
from app.tables.targets import Target


def inputs_of(target: Target) -> Inputs:
    """What the desired values of a target were last derived from."""
    return stored_inputs(target.inputs, target.results, target.endpoints)


def stored_inputs(
    facts: Mapping[str, Any] | None, results: Mapping[str, Any], endpoints: Iterable[Mapping[str, Any]]
) -> Inputs:
    """The inputs from the columns of a target."""
    if facts is None:
        return Inputs()
    return Inputs(ClusterFacts.of_json(facts), results, tuple(map(Endpoint.of_json, endpoints)))


def desired_release(
    deployment: Deployment, revision: DeploymentRevision, cluster_name: str, inputs: Inputs, marks: Marks
) -> Desired:
    """The desired release. `marks` are the marks of the secrets that the deployment uses."""
    layers = (layer for _, layer in revision.layers(cluster_name).evaluated(inputs))
    return desired(deployment.chart_name, revision.chart_version, layers, marks)


async def compared(
    fingerprints: Fingerprints, wanted: Desired | None, observed: Observed | None, paths: Collection[str]
) -> tuple[Desired | None, Observed | None]:
    """The desired and the observed release, with marks for the values at these paths."""
    if not paths:
        return wanted, observed
    mark = await fingerprints.mark()
    return covered(wanted, paths, mark) if wanted else None, masked(observed, paths, mark) if observed else None


def value_origins(
    revision: DeploymentRevision, cluster_name: str, inputs: Inputs, defaults: Mapping[str, Any]
) -> list[ValueOrigin]:
    """The origin of each value on a cluster, with the chart's defaults as the weakest layer. In place of a value of a
    secret is a mark that names the secret and its key."""
    layers: list[tuple[Origin, Mapping[str, Any]]] = [(Origin(LayerKind.DEFAULTS), defaults)]
    for origin, layer in revision.layers(cluster_name).evaluated(inputs):
        marks = ((found.segments, f"{MARK}{found.secret}/{found.key}") for found in layer.references)
        layers.append((origin, place(layer.values, marks)))
    return list(origins(layers))
