"""A service definition as the check and the solver see it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class VersionState(StrEnum):
    OFFERED = "OFFERED"
    HIDDEN = "HIDDEN"
    WITHDRAWN = "WITHDRAWN"


class Direction(StrEnum):
    UP = "UP"
    DOWN = "DOWN"


@dataclass(frozen=True, slots=True)
class ChartReference:
    """`repository` is the URL of a chart repository, or the name of one of the organization."""

    repository: str
    name: str
    version: str
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class RequiredService:
    """Another service that a cluster needs, in one of the `versions`; None for any."""

    name: str
    versions: str | None = None


@dataclass(frozen=True, slots=True)
class Requirements:
    """What a cluster needs for a version: a Kubernetes version, CRDs by name, other services."""

    kubernetes: str | None = None
    crds: tuple[str, ...] = ()
    services: tuple[RequiredService, ...] = ()

    @classmethod
    def of_json(cls, given: Mapping[str, Any]) -> "Requirements":
        services = tuple(RequiredService(one["name"], one.get("versions")) for one in given.get("services", ()))
        return cls(given.get("kubernetes"), tuple(given.get("crds", ())), services)


@dataclass(frozen=True, slots=True)
class ServiceVersion:
    """`values` are those of the chart, with expressions that see `spec`."""

    version: str
    chart: ChartReference
    values: Mapping[str, Any] = field(default_factory=dict)
    requires: Requirements = field(default_factory=Requirements)
    state: VersionState = VersionState.OFFERED

    @classmethod
    def of_json(cls, given: Mapping[str, Any], defaults: Mapping[str, Any]) -> "ServiceVersion":
        """Reads a version. What it does not say about its chart and values is as in `defaults`, the definition."""
        chart = {**defaults.get("chart", {}), **given.get("chart", {})}
        return cls(
            version=given["version"],
            chart=ChartReference(
                chart["repository"], chart["name"], chart.get("version", given["version"]), chart.get("digest")
            ),
            values=given.get("values", defaults.get("values", {})),
            requires=Requirements.of_json(given.get("requires", {})),
            state=VersionState(given.get("state", VersionState.OFFERED)),
        )


@dataclass(frozen=True, slots=True)
class UpgradeEdge:
    """A change from each version in the range `source` to `target`. The steps are those of workflows, as JSON."""

    source: str
    target: str
    direction: Direction = Direction.UP
    before: tuple[Mapping[str, Any], ...] = ()
    after: tuple[Mapping[str, Any], ...] = ()
    is_disruptive: bool = False
    is_irreversible: bool = False

    @classmethod
    def of_json(cls, given: Mapping[str, Any]) -> "UpgradeEdge":
        return cls(
            source=given["from"],
            target=given["to"],
            direction=Direction(given.get("direction", Direction.UP)),
            before=tuple(given.get("before", ())),
            after=tuple(given.get("after", ())),
            is_disruptive=given.get("disruptive", False),
            is_irreversible=given.get("irreversible", False),
        )


@dataclass(frozen=True, slots=True)
class ServiceDefinition:
    """`spec` is the JSON Schema of the specs of all versions. `edges` are in the order of the document."""

    name: str
    versions: tuple[ServiceVersion, ...]
    description: str | None = None
    spec: Mapping[str, Any] = field(default_factory=dict)
    edges: tuple[UpgradeEdge, ...] = ()

    @classmethod
    def of_json(cls, given: Mapping[str, Any]) -> "ServiceDefinition":
        """Reads a definition that the check accepts."""
        return cls(
            name=given["name"],
            versions=tuple(ServiceVersion.of_json(one, given) for one in given["versions"]),
            description=given.get("description"),
            spec=given.get("spec", {}),
            edges=tuple(map(UpgradeEdge.of_json, given.get("edges", ()))),
        )
