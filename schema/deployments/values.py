"""What a deployment's values consist of."""

import strawberry

from app.tables import deployments as tables
from schema.errors import Problem
from schema.list_length import usually
from schema.scalars import JSON
from schema.selectors.types import ClusterSelector
from schema.values import AS_YAML, as_yaml


@strawberry.type(description="The values in a YAML text, as Helm reads them.")
class YamlReading:
    values: JSON | None = strawberry.field(
        description="The values; null if the text has problems, `{}` if it is empty."
    )
    problems: list[Problem] = strawberry.field(description="The problems of the text, with line and column.")


@strawberry.type(description="A value from a secret. It is inserted when Helm runs and never shown.")
class ValueFrom:
    secret: str = strawberry.field(description="The secret's name.")
    key: str
    path: str = strawberry.field(description="The path in the values.")


@strawberry.type(description="Values for one cluster, merged over the values of the deployment.")
class ValueOverride:
    cluster: str
    values: JSON
    values_from: list[ValueFrom]

    @strawberry.field(description=AS_YAML)
    async def values_yaml(self) -> str:
        return await as_yaml(self.values)


@strawberry.type(description="The members of a group that a selector matches.")
class ClusterSelection:
    clusters: list[str] = strawberry.field(description="The names of the clusters; empty if the selector is not valid.")
    problems: list[Problem] = strawberry.field(description="Why the selector is not valid.")


@strawberry.type(description="Values for the clusters that a selector matches, merged over the common values.")
class SelectorOverride:
    select: ClusterSelector
    values: JSON
    values_from: list[ValueFrom] = strawberry.field(metadata=usually(1))

    @strawberry.field(description=AS_YAML)
    async def values_yaml(self) -> str:
        return await as_yaml(self.values)


def values_from_of(stored: list[dict[str, str]]) -> list[ValueFrom]:
    return [ValueFrom(**entry) for entry in stored]


def overrides_of(revision: tables.DeploymentRevision) -> list[ValueOverride]:
    return [
        ValueOverride(
            cluster=cluster,
            values=revision.value_overrides.get(cluster, {}),
            values_from=values_from_of(revision.overrides_from.get(cluster, [])),
        )
        for cluster in sorted(revision.overriding())
    ]


def selector_overrides_of(revision: tables.DeploymentRevision) -> list[SelectorOverride]:
    return [
        SelectorOverride(
            select=ClusterSelector.of(one["select"]),
            values=one["values"],
            values_from=values_from_of(one["valuesFrom"]),
        )
        for one in revision.selector_overrides
    ]


def selector_of(revision: tables.DeploymentRevision) -> ClusterSelector | None:
    return None if revision.target_selector is None else ClusterSelector.of(revision.target_selector)
