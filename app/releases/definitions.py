"""Replacing a CustomResourceDefinition by the one of a chart: what is sent, and which versions would vanish. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

API_VERSION, KIND = "apiextensions.k8s.io/v1", "CustomResourceDefinition"

Definition = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Versions:
    """The versions of a definition by name: all, those that are served, the one in which objects are stored from now
    on, and those in which objects may be stored already."""

    listed: tuple[str, ...]
    served: tuple[str, ...]
    storage: str | None
    stored: tuple[str, ...]

    @classmethod
    def of(cls, found: Definition) -> "Versions":
        versions = [each for each in _list(_map(found.get("spec")).get("versions")) if isinstance(each, Mapping)]
        return cls(
            listed=tuple(str(each.get("name")) for each in versions),
            served=tuple(str(each.get("name")) for each in versions if each.get("served")),
            storage=next((str(each.get("name")) for each in versions if each.get("storage")), None),
            stored=tuple(map(str, _list(_map(found.get("status")).get("storedVersions")))),
        )


@dataclass(frozen=True, slots=True)
class Vanishing:
    """The versions that clients use or objects are stored in, and that would no longer be there."""

    served: tuple[str, ...] = ()
    stored: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.served or self.stored)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.served, *self.stored)))

    def __str__(self) -> str:
        return ", ".join(f"{name} ({self._why(name)})" for name in self.names)

    def _why(self, name: str) -> str:
        why = ["served"] if name in self.served else []
        return " and ".join([*why, "stored in objects"] if name in self.stored else why)


NOTHING = Vanishing()


def is_definition(found: Any) -> bool:
    """Whether an object is a CustomResourceDefinition, of any version."""
    if not isinstance(found, Mapping) or found.get("kind") != KIND:
        return False
    return str(found.get("apiVersion")).rpartition("/")[0] == API_VERSION.partition("/")[0]


def vanishing(live: Definition, wanted: Definition) -> Vanishing:
    """The versions that are served now or listed in `status.storedVersions`, and would no longer be."""
    before, after = Versions.of(live), Versions.of(wanted)
    return Vanishing(
        tuple(name for name in before.served if name not in after.served),
        tuple(name for name in before.stored if name not in after.listed),
    )


def replacement(live: Definition, wanted: Definition) -> dict[str, Any]:
    """The object to send in place of the live one: the specification of the chart. Labels and annotations of others
    stay, and so does the CA bundle that a controller has written for the conversion webhook."""
    metadata = dict(_map(live.get("metadata")))
    for name in ("labels", "annotations"):
        if merged := {**_map(metadata.get(name)), **_map(_map(wanted.get("metadata")).get(name))}:
            metadata[name] = merged
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": metadata,
        "spec": _with_bundle(_map(wanted.get("spec")), _map(live.get("spec"))),
        "status": live.get("status") or {},
    }


def keeping(body: Definition, live: Definition, names: Sequence[str]) -> dict[str, Any]:
    """The object with versions of the live one in addition, in which nothing is stored from now on. The API server
    refuses to remove a version that `status.storedVersions` lists."""
    spec = _map(body.get("spec"))
    kept = [
        {**each, "storage": False}
        for each in _list(_map(live.get("spec")).get("versions"))
        if isinstance(each, Mapping) and each.get("name") in names
    ]
    return {**body, "spec": {**spec, "versions": [*_list(spec.get("versions")), *kept]}}


def without_versions(body: Definition, names: Iterable[str]) -> dict[str, Any]:
    """The object without these versions."""
    spec, gone = _map(body.get("spec")), tuple(names)  # an answer may have names that cannot be hashed
    versions = [each for each in _list(spec.get("versions")) if _map(each).get("name") not in gone]
    return {**body, "spec": {**spec, "versions": versions}}


def _with_bundle(spec: Mapping[str, Any], live: Mapping[str, Any]) -> dict[str, Any]:
    def config(found: Mapping[str, Any]) -> Mapping[str, Any]:
        return _map(_map(_map(found.get("conversion")).get("webhook")).get("clientConfig"))

    bundle, present = config(live).get("caBundle"), config(spec)
    if not bundle or not present or "caBundle" in present:
        return dict(spec)
    conversion = _map(spec["conversion"])
    webhook = {**_map(conversion["webhook"]), "clientConfig": {**present, "caBundle": bundle}}
    return {**spec, "conversion": {**conversion, "webhook": webhook}}


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else ()
