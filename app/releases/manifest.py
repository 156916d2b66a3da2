"""A rendered manifest as it may be shown: what Kubernetes Secrets hold is left out, as `kubectl diff` leaves it out."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.releases.references import HIDDEN
from app.yaml.reading import YamlError, read
from app.yaml.writing import write

_KEPT_IN = ("data", "stringData")
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_DOCUMENT = re.compile(r"^---[ \t]*(?:#.*)?$", re.MULTILINE)
_COMMENT = re.compile(r"\A(?:[ \t]*(?:#.*)?\n)*")


MAX_OBJECTS = 500
"""Objects of one release that are listed."""


def shown(manifest: str) -> str:
    """The manifest, with the data of every Secret hidden. A document that can't be read and may hold one is hidden
    whole."""
    return "---".join(_shown(document) for document in _split(manifest))


@dataclass(frozen=True, slots=True)
class ManifestObject:
    """An object that a release has made. `namespace` is the release's where the manifest names none, for objects that
    belong to no namespace as well: which these are is known to the cluster alone."""

    kind: str
    name: str
    namespace: str


def objects_in(manifest: str, namespace: str) -> list[ManifestObject]:
    """The objects of a release in this namespace, at most `MAX_OBJECTS`; documents that can't be read are left out."""
    found = []
    for document in _split(manifest):
        try:
            held = read(document)
        except YamlError:
            continue
        if not isinstance(held, Mapping) or not isinstance(metadata := held.get("metadata"), Mapping):
            continue
        place = str(metadata.get("namespace") or namespace)
        found.append(ManifestObject(str(held.get("kind")), str(metadata.get("name")), place))
    return found[:MAX_OBJECTS]


def _split(manifest: str) -> list[str]:
    ends = [0]
    for match in _DOCUMENT.finditer(manifest):
        ends += [match.start(), match.start() + 3]
    ends.append(len(manifest))
    return [manifest[start:end] for start, end in zip(ends[::2], ends[1::2], strict=True)]


def _shown(document: str) -> str:
    if "Secret" not in document:
        return document
    comment = _COMMENT.match(document)
    head = comment[0] if comment else ""
    try:
        found = read(document)
    except YamlError:
        return f"{head}# {HIDDEN}\n"
    covered = _covered(found)
    if covered == found:
        return document
    return head + write(covered)


def _covered(found: Any) -> Any:
    if isinstance(found, list):
        return [_covered(inner) for inner in found]
    if not isinstance(found, Mapping):
        return found
    if found.get("kind") != "Secret":
        return {key: _covered(inner) for key, inner in found.items()}
    covered = dict(found)
    for field in _KEPT_IN:
        if isinstance(held := covered.get(field), Mapping):
            covered[field] = dict.fromkeys(held, HIDDEN)
        elif held is not None:
            covered[field] = HIDDEN
    metadata = covered.get("metadata")
    if (
        isinstance(metadata, Mapping)
        and isinstance(notes := metadata.get("annotations"), Mapping)
        and _LAST_APPLIED in notes
    ):
        covered["metadata"] = {**metadata, "annotations": {**notes, _LAST_APPLIED: HIDDEN}}
    return covered
