"""The layers of user-supplied values, weakest first: the common values, the overrides whose selector matches the
cluster, in their order, and the override for the cluster."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from app.releases.endpoints import Endpoint
from app.releases.expressions import filled
from app.releases.references import Layer, references_of
from app.releases.selectors import ClusterFacts, Selector


class LayerKind(StrEnum):
    DEFAULTS = "DEFAULTS"  # of the chart
    COMMON = "COMMON"
    SELECTOR = "SELECTOR"
    CLUSTER = "CLUSTER"


@dataclass(frozen=True)
class Origin:
    """A layer; `index` is the place of a selector override in the list of them."""

    kind: LayerKind
    index: int | None = None

    def __str__(self) -> str:
        return _NAMES[self.kind] if self.index is None else f"{_NAMES[self.kind]} {self.index + 1}"


_NAMES = {
    LayerKind.DEFAULTS: "chart defaults",
    LayerKind.COMMON: "values",
    LayerKind.SELECTOR: "selector override",
    LayerKind.CLUSTER: "override",
}


@dataclass(frozen=True)
class Selected:
    """Values for the clusters that a selector matches."""

    selector: Selector
    layer: Layer

    @classmethod
    def of_json(cls, stored: Mapping[str, Any]) -> "Selected":
        layer = Layer(stored["values"], references_of(stored["valuesFrom"]))
        return cls(Selector.of_json(stored["select"]), layer)

    def as_json(self) -> dict[str, Any]:
        return {
            "select": self.selector.as_json(),
            "values": self.layer.values,
            "valuesFrom": self.layer.references_as_json(),
        }


@dataclass(frozen=True)
class Inputs:
    """What the values of one target depend on, apart from the layers: the facts about its cluster, the endpoints of
    other targets to which its expressions refer, and the results of the expressions for it. `facts` is None if no layer
    has a selector or an expression."""

    facts: ClusterFacts | None = None
    results: Mapping[str, Any] = field(default_factory=dict)
    endpoints: tuple[Endpoint, ...] = ()


@dataclass(frozen=True)
class Layers:
    """The layers that may apply to one cluster."""

    common: Layer
    selected: tuple[Selected, ...]
    own: Layer | None = None

    def applying(self, facts: ClusterFacts | None) -> Iterator[tuple[Origin, Layer]]:
        """Yields the layers that apply to a cluster, weakest first, with their expressions."""
        yield Origin(LayerKind.COMMON), self.common
        if facts is not None:
            for index, one in enumerate(self.selected):
                if one.selector.matches(facts):
                    yield Origin(LayerKind.SELECTOR, index), one.layer
        if self.own is not None:
            yield Origin(LayerKind.CLUSTER), self.own

    def evaluated(self, inputs: Inputs) -> list[tuple[Origin, Layer]]:
        """The layers that apply to a cluster, weakest first, with the results in place of the expressions."""
        if inputs.facts is None:
            return list(self.applying(None))
        return [
            (origin, replace(layer, values=filled(layer.values, inputs.results)) if layer.has_expressions else layer)
            for origin, layer in self.applying(inputs.facts)
        ]
