"""Label and field selectors, like k8s.io/apimachinery/pkg/labels and pkg/fields."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from simulator.errors import bad_request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulator.records import Record

_KEY = r"[A-Za-z0-9](?:[A-Za-z0-9._/-]*[A-Za-z0-9])?"
_VALUE = r"[A-Za-z0-9._-]*"
_REQUIREMENT = re.compile(
    rf"\s*(?:(?P<absent>!)\s*)?(?P<key>{_KEY})\s*"
    rf"(?:(?P<operator>==|=|!=)\s*(?P<value>{_VALUE})|(?P<set>in|notin)\s*\(\s*(?P<values>[^()]*)\))?\s*(?:,|$)"
)

_FIELDS: dict[tuple[str, str], frozenset[str]] = {
    ("", "secrets"): frozenset({"type"}),
    ("", "namespaces"): frozenset({"status.phase"}),
    ("", "nodes"): frozenset({"spec.unschedulable"}),
    ("", "pods"): frozenset({"spec.nodeName", "spec.restartPolicy", "spec.serviceAccountName", "status.phase"}),
    ("", "events"): frozenset(
        {
            "involvedObject.apiVersion",
            "involvedObject.kind",
            "involvedObject.name",
            "involvedObject.namespace",
            "involvedObject.uid",
            "reason",
            "type",
        }
    ),
    ("apps", "replicasets"): frozenset({"status.replicas"}),
    ("batch", "jobs"): frozenset({"status.successful"}),
}
"""The fields by which each kind may be selected, besides its name and namespace."""


class Requirement(NamedTuple):
    key: str
    wanted: bool
    """True if the value must be among the values, False if it must not be."""
    values: frozenset[str] | None
    """None stands for any value."""

    def holds(self, labels: Mapping[str, str]) -> bool:
        value = labels.get(self.key)
        if self.values is None:
            return (value is not None) is self.wanted
        return (value in self.values) is self.wanted


Requirements = tuple[Requirement, ...]


@lru_cache(maxsize=4096)
def parse_labels(text: str) -> Requirements:
    requirements = []
    position = 0
    while position < len(text):
        found = _REQUIREMENT.match(text, position)
        if found is None or (found["absent"] and (found["operator"] or found["set"])):
            raise bad_request(f"unable to parse requirement: found unexpected text in {text!r}")
        position = found.end()
        if found["operator"]:
            values: frozenset[str] | None = frozenset({found["value"]})
            wanted = found["operator"] != "!="
        elif found["set"]:
            values = frozenset(value.strip() for value in found["values"].split(","))
            wanted = found["set"] == "in"
        else:
            values, wanted = None, not found["absent"]
        requirements.append(Requirement(found["key"], wanted, values))
    return tuple(requirements)


@lru_cache(maxsize=4096)
def parse_fields(text: str, kind: tuple[str, str]) -> Requirements:
    """Parses a field selector. `kind` is the group and plural of a resource, which determine the fields that it
    allows."""
    requirements = []
    for term in filter(None, text.split(",")):
        found = re.fullmatch(r"([^=!]+)(!=|==|=)(.*)", term)
        if found is None:
            raise bad_request(f"invalid selector: {text!r}; can't understand {term!r}")
        key, operator, value = found.groups()
        if key not in ("metadata.name", "metadata.namespace") and key not in _FIELDS.get(kind, ()):
            known = '"metadata.name", "metadata.namespace"'
            raise bad_request(
                f"field label not supported: {key}"
                if kind in _FIELDS
                else f'"{key}" is not a known field selector: only {known}'
            )
        requirements.append(Requirement(key, operator != "!=", frozenset({value})))
    return tuple(requirements)


def _field(record: Record, path: str) -> str:
    if path == "metadata.name":
        return record.name
    if path == "metadata.namespace":
        return record.namespace
    value: Any = orjson.loads(record.body)
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return "" if value is None else str(value)


@dataclass(frozen=True, slots=True)
class Selection:
    """The objects of a kind that a list or a watch selects."""

    namespace: str | None = None
    labels: Requirements = ()
    fields: Requirements = ()

    def matches(self, record: Record) -> bool:
        if self.namespace is not None and record.namespace != self.namespace:
            return False
        labels = record.labels
        for requirement in self.labels:
            if not requirement.holds(labels):
                return False
        return all(requirement.holds({requirement.key: _field(record, requirement.key)}) for requirement in self.fields)
