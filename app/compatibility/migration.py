"""Rewrites a manifest for a version of Kubernetes: objects get the API versions that replace removed ones.

Only the API version of an object changes, as with the Helm plugin `mapkubeapis`. The text of all other objects stays as
it is. What a cluster does not serve yet is not written, and documents that cannot be read are left alone.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.compatibility.incompatible import ApiState, Minor, known_apis, replacement
from app.releases.inventory import MOST_TEXT
from app.releases.manifest import documents
from app.yaml.reading import YamlError, read_all
from app.yaml.writing import write

_HEAD = re.compile(r"\A(?:[ \t]*(?:#.*)?\n)*")


@dataclass(frozen=True, slots=True)
class ApiChange:
    """An object of a manifest whose API version was replaced; without `after`, the object was left out, because nothing
    replaces its API version and the cluster no longer has it."""

    kind: str
    name: str
    before: str
    after: str | None


@dataclass
class ManifestMigration:
    """Rewrites the manifests of one release, within bounds. `version` is the version of Kubernetes that they are
    written for, `present` the version that the cluster has. `changes` has what was done so far."""

    version: Minor
    present: Minor
    changes: list[ApiChange] = field(default_factory=list)
    _left: int = MOST_TEXT

    def rewritten(self, manifest: str) -> str:
        return "---".join(map(self._document, documents(manifest)))

    def _document(self, document: str) -> str:
        self._left -= len(document)
        if self._left < 0 or not any(name in document for name in _names(self.version)):
            return document
        try:
            found = read_all(document)
            before = len(self.changes)
            wanted = [each for each in map(self._object, found) if each is not None]
            changes = self.changes[before:]
            if not changes:
                return document
            return _edited(document, changes, wanted) or _written(document, wanted)
        except YamlError:
            return document

    def _object(self, found: Any) -> Any:
        """The object with an API version that is served; None if it is left out."""
        if not isinstance(found, Mapping):
            return found
        items = found.get("items")
        if isinstance(items, list) and str(found.get("kind")).endswith("List"):
            return {**found, "items": [each for each in map(self._object, items) if each is not None]}
        name, kind, metadata = found.get("apiVersion"), found.get("kind"), found.get("metadata")
        if not isinstance(name, str) or not isinstance(kind, str) or not isinstance(metadata, Mapping):
            return found
        api = known_apis().apis.get((name, kind))
        if api is None or api.removed is None or api.state_in(self.version) is not ApiState.REMOVED:
            return found
        new = replacement(name, kind, self.version)
        if self.present < (new.since if new else api.removed):
            return found
        self.changes.append(ApiChange(kind, str(metadata.get("name")), name, new.api_version if new else None))
        return {**found, "apiVersion": new.api_version} if new else None


def _names(version: Minor) -> set[str]:
    """The API versions that a version of Kubernetes does not serve for some of their kinds."""
    return {name for (name, _), api in known_apis().apis.items() if api.state_in(version) is ApiState.REMOVED}


def _edited(document: str, changes: list[ApiChange], wanted: list[Any]) -> str | None:
    """The document with another API version and otherwise the same text; None if it does not have the usual form."""
    if len(changes) != 1 or (after := changes[0].after) is None:
        return None
    line = re.compile(rf"^apiVersion:[ \t]*([\"']?){re.escape(changes[0].before)}\1(?=[ \t]*(?:#.*)?$)", re.MULTILINE)
    text = line.sub(lambda found: f"apiVersion: {after}", document, count=1)
    return text if read_all(text) == wanted else None


def _written(document: str, wanted: list[Any]) -> str:
    head = _HEAD.match(document)
    return (head[0] if head else "") + "---\n".join(map(write, wanted))
