"""Where the values of a target come from, and how those of two targets differ."""

import asyncio
from collections.abc import Mapping
from typing import Any

import strawberry

from app.releases import origins
from app.releases.difference import differences
from app.releases.layers import Inputs, Layers, Origin
from app.releases.origins import expression_at
from app.releases.references import hidden
from app.tables import deployments as tables
from app.targets.desired import value_origins
from app.yaml.reading import YamlError, read
from schema.charts.loaders import archive_by_digest
from schema.context import Info
from schema.scalars import JSON
from schema.targets.enums import LayerKind


@strawberry.type(description="A layer of values.")
class ValueLayer:
    kind: LayerKind
    index: int | None = strawberry.field(description="The place in `selectorOverrides`, from 0; null for other layers.")
    selector: str | None = strawberry.field(description="The conditions of the selector; null for other layers.")

    @classmethod
    def of(cls, origin: Origin, layers: Layers) -> "ValueLayer":
        selector = None if origin.index is None else layers.selected[origin.index].selector
        return cls(kind=origin.kind, index=origin.index, selector=None if selector is None else str(selector))


@strawberry.type(description="A value of a weaker layer that has no effect.")
class HiddenValue:
    path: str = strawberry.field(description="The path of the value that hides it, or a path above.")
    value: JSON | None
    layer: ValueLayer


@strawberry.type(description="A value of a target, and the layer that it comes from. Values from secrets are hidden.")
class ValueOrigin:
    path: str
    value: JSON | None
    layer: ValueLayer
    expression: str | None = strawberry.field(
        description="The text whose expressions resulted in the value; null if there is none."
    )
    hides: list[HiddenValue] = strawberry.field(description="The values of weaker layers, the strongest first.")


@strawberry.type(description="A value of one of two targets that are compared.")
class ComparedValue:
    value: JSON | None
    layer: ValueLayer | None = strawberry.field(description="The layer that it comes from; null for installed values.")


@strawberry.type(description="A path at which the values of two targets differ.")
class ValueDifference:
    path: str
    a: ComparedValue | None = strawberry.field(description="Null if there is no value at this path.")
    b: ComparedValue | None = strawberry.field(description="Null if there is no value at this path.")


class Explained:
    """The values of one target with their origins."""

    def __init__(
        self, revision: tables.DeploymentRevision, cluster: str, inputs: Inputs, defaults: Mapping[str, Any]
    ) -> None:
        self._layers = revision.layers(cluster)
        self._inputs = inputs
        self.found = value_origins(revision, cluster, inputs, defaults)

    def shown(self, *, with_defaults: bool) -> list[ValueOrigin]:
        raw = {origin: layer.values for origin, layer in self._layers.applying(self._inputs.facts)}
        return [
            ValueOrigin(
                path=one.path,
                value=hidden(one.value),
                layer=self.layer(one.origin),
                expression=expression_at(raw.get(one.origin, {}), one.segments),
                hides=[
                    HiddenValue(path=weaker.path, value=hidden(weaker.value), layer=self.layer(weaker.origin))
                    for weaker in one.hides
                ],
            )
            for one in self.found
            if with_defaults or one.origin.kind is not LayerKind.DEFAULTS
        ]

    def layer(self, origin: Origin) -> ValueLayer:
        return ValueLayer.of(origin, self._layers)

    def compared(self, one: origins.ValueOrigin | None) -> ComparedValue | None:
        return None if one is None else ComparedValue(value=hidden(one.value), layer=self.layer(one.origin))


async def defaults_of(info: Info, revision: tables.DeploymentRevision) -> Mapping[str, Any]:
    """The chart's own values.yaml."""
    archive = await info.context.load[archive_by_digest].load(revision.chart_digest)
    return await asyncio.to_thread(_read, archive.default_values)


def _read(text: str) -> Mapping[str, Any]:
    try:
        found = read(text)
    except YamlError:
        return {}
    return found if isinstance(found, Mapping) else {}


def desired_differences(a: Explained, b: Explained) -> list[ValueDifference]:
    return [
        ValueDifference(path=one.path, a=a.compared(one.a), b=b.compared(one.b))
        for one in origins.compared(a.found, b.found)
    ]


def installed_differences(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[ValueDifference]:
    return [
        ValueDifference(
            path=one.path,
            a=None if one.lacks == "desired" else ComparedValue(value=one.desired, layer=None),
            b=None if one.lacks == "actual" else ComparedValue(value=one.actual, layer=None),
        )
        for one in differences(a, b)
    ]
