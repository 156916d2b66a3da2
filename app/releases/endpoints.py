"""References to the endpoints of other targets: `targets["paris"].services["db"].addresses` in an expression.

An endpoint is what a client outside of the cluster needs to reach a Service or an Ingress of the release. Pure.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.releases.expressions import ExpressionError

VARIABLE = "targets"
"""The name in expressions."""

MAX_REFERENCES = 200
"""The maximum number of distinct references in the values of one target."""


class EndpointKind(StrEnum):
    SERVICE = "services"
    INGRESS = "ingresses"

    @property
    def word(self) -> str:
        return self.name.capitalize()


_WORDS = {"addresses": "addresses", "nodePorts": "node ports", "hosts": "hosts"}
FIELDS: Mapping[EndpointKind, tuple[str, ...]] = {
    EndpointKind.SERVICE: ("addresses", "nodePorts"),
    EndpointKind.INGRESS: ("hosts", "addresses"),
}


@dataclass(frozen=True, slots=True, order=True)
class EndpointReference:
    """A field of a Service or an Ingress of the same deployment on another cluster."""

    cluster: str
    kind: EndpointKind
    name: str
    field: str

    def __str__(self) -> str:
        return f"{_WORDS[self.field]} of {self.kind.word} {self.name} on {self.cluster}"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A reference with its value: a list of texts, or ports by name; None as long as there is none."""

    reference: EndpointReference
    value: Any = None

    @classmethod
    def of_json(cls, stored: Mapping[str, Any]) -> "Endpoint":
        kind = EndpointKind(stored["kind"])
        return cls(EndpointReference(stored["cluster"], kind, stored["name"], stored["field"]), stored["value"])

    def as_json(self) -> dict[str, Any]:
        found = self.reference
        return {
            "cluster": found.cluster,
            "kind": found.kind.value,
            "name": found.name,
            "field": found.field,
            "value": self.value,
        }


Endpoints = Mapping[EndpointReference, Any]
"""The values that there are, by reference."""

_TOKEN = re.compile(
    r"""
    (?P<blank>\s+|//[^\n]*)
    | (?P<other_text>
        (?:[bB]?[rR]|[rR][bB])(?:\"\"\".*?\"\"\"|'''.*?'''|"[^"]*"|'[^']*')
        | [bB]?(?:\"\"\"(?:\\.|[^\\])*?\"\"\"|'''(?:\\.|[^\\])*?''')
        | [bB](?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
      )
    | (?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*|`[^`]*`)
    | (?P<number>[0-9][0-9A-Za-z_]*)
    | (?P<sign>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_VALUES = ("text", "other_text", "name", "number")
_HOW = (
    f'Write {VARIABLE}["CLUSTER"].services["NAME"].addresses (or .nodePorts), or'
    f' {VARIABLE}["CLUSTER"].ingresses["NAME"].hosts (or .addresses), with the names in quotes.'
)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


def references_in(expression: str) -> tuple[EndpointReference, ...]:
    """The references in a CEL expression, in their order.

    Each use of `targets` names the cluster, the object and the field literally, so that it is known before any
    evaluation which target needs which other one.

    Raises:
        ExpressionError: if `targets` is used in another way.
    """
    if VARIABLE not in expression:
        return ()
    tokens = [
        _Token(str(found.lastgroup), found.group())
        for found in _TOKEN.finditer(expression)
        if found.lastgroup != "blank"
    ]
    return tuple(dict.fromkeys(_references(tokens)))


def _references(tokens: Sequence[_Token]) -> Iterator[EndpointReference]:
    for place, token in enumerate(tokens):
        if token.kind == "name" and token.text == VARIABLE and not _is_field(tokens, place):
            yield _reference(tokens[place + 1 : place + 11])


def _is_field(tokens: Sequence[_Token], place: int) -> bool:
    """Whether the name at this place is a field of something, as in `x.targets`, and not a variable."""
    before = place - 1
    if before >= 1 and tokens[before].text == "?" and tokens[before - 1].text == ".":
        before -= 1
    if before < 1 or tokens[before].text != ".":
        return False
    owner = tokens[before - 1]
    return owner.text in (")", "]", "}") or (owner.kind in _VALUES and owner.text != "in")


def _reference(tokens: Sequence[_Token]) -> EndpointReference:
    """The reference whose tokens follow `targets`."""
    shape = tuple(token.text if token.kind == "sign" else token.kind for token in tokens)
    if shape != _SHAPE:
        raise ExpressionError(_HOW)
    cluster, kind, name, field = (tokens[place].text for place in (1, 4, 6, 9))
    if kind not in list(EndpointKind) or field not in FIELDS[EndpointKind(kind)] or "\\" in cluster + name:
        raise ExpressionError(_HOW)
    return EndpointReference(cluster[1:-1], EndpointKind(kind), name[1:-1], field)


_SHAPE = ("[", "text", "]", ".", "name", "[", "text", "]", ".", "name")


def known(references: Iterable[EndpointReference], values: Endpoints) -> tuple[Endpoint, ...]:
    """The references with their values."""
    return tuple(Endpoint(found, values.get(found)) for found in sorted(set(references)))


def missing(endpoints: Iterable[Endpoint]) -> list[EndpointReference]:
    """The references that have no value."""
    return [found.reference for found in endpoints if found.value is None]


def reachable(endpoints: Iterable[Endpoint]) -> dict[str, Any]:
    """The variable `targets`: what the references name, and nothing else."""
    found: dict[str, Any] = {}
    for each in endpoints:
        if each.value is not None:
            place = each.reference
            objects = found.setdefault(place.cluster, {}).setdefault(place.kind.value, {})
            objects.setdefault(place.name, {})[place.field] = each.value
    return found


def placeholder(references: Iterable[EndpointReference]) -> str:
    """The text in place of the result of an expression whose references have no value yet. Helm never gets it."""
    return f"{_WAITS}{', '.join(map(str, references))})"


def is_placeholder(value: Any) -> bool:
    """Whether a text in values contains a placeholder."""
    return isinstance(value, str) and _WAITS in value


_WAITS = "(waits for "
