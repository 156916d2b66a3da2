"""What a service definition says: as JSON together with its expanded edges, and as the solver sees it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from app.upgrades.definition import ServiceDefinition
from app.upgrades.gaps import Stranded, stranded
from app.upgrades.graph import Graph, Pair, expanded


@dataclass(frozen=True)
class Content:
    """A definition that the check accepts, with the pairs of versions that its edges connect."""

    document: Mapping[str, Any]
    pairs: tuple[Pair, ...]

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Content":
        """Expands the ranges of the edges, which takes a while if there are many."""
        return cls(document, tuple(expanded(ServiceDefinition.of_json(document))))

    @classmethod
    def unpacked(cls, packed: bytes) -> "Content":
        found = json.loads(packed)
        return cls(found["document"], tuple(map(_pair, found["pairs"])))

    def packed(self) -> bytes:
        return json.dumps({"document": self.document, "pairs": self.pairs}).encode()

    def prepared(self) -> "Content":
        """The same content, with the graph made: that takes milliseconds if there are many edges."""
        assert self.graph
        return self

    @cached_property
    def definition(self) -> ServiceDefinition:
        return ServiceDefinition.of_json(self.document)

    @cached_property
    def graph(self) -> Graph:
        return Graph.of(self.definition, self.pairs)

    @cached_property
    def stranded(self) -> list[Stranded]:
        return stranded(self.graph)


def _pair(given: Iterable[int]) -> Pair:
    source, target, edge = given
    return source, target, edge
