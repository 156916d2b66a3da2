"""Determines the API group and the kind of an object."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from app.health.fields import text


class Kind(NamedTuple):
    group: str
    kind: str


def kind_of(live: Mapping[str, Any]) -> Kind:
    """The group and kind; both are empty if `apiVersion` is not a version of an API."""
    version, kind = text(live, "apiVersion"), text(live, "kind")
    parts = version.split("/")
    if len(parts) > 2:
        return Kind("", "")
    return Kind(parts[0] if len(parts) == 2 else "", kind)
