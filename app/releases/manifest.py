"""Prepares a rendered manifest to be shown: the data of Kubernetes Secrets is hidden, as in `kubectl diff`.

Values of Polyhelm's secrets are also hidden, wherever a chart has put them and however it has encoded them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.releases.references import HIDDEN
from app.releases.scrubbing import NOTHING, Scrubber
from app.yaml.reading import YamlError, read, read_all
from app.yaml.writing import write

_KEPT_IN = ("data", "stringData")
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_DOCUMENT = re.compile(r"^---[ \t]*(?:#.*)?$", re.MULTILINE)
# The kind may be written with escapes, or with a tag for base64.
_MAY_HOLD_SECRET = re.compile(r"Secret|\\(?:[xuU]|\r?\n)|![\w-]*!|!<")
_COMMENT = re.compile(r"\A(?:[ \t]*(?:#.*)?\n)*")


MAX_OBJECTS = 500
"""The maximum number of objects of one release that are listed."""


def shown(manifest: str, scrubber: Scrubber = NOTHING) -> str:
    """The manifest without the data of Secrets and without the texts that the scrubber knows. A document that cannot be
    read and may contain one of these is hidden as a whole."""
    return "---".join(_shown(document, scrubber) for document in documents(manifest))


@dataclass(frozen=True, slots=True)
class ManifestObject:
    """An object that a release has made. `namespace` is the release's if the manifest names none, even for objects that
    belong to no namespace: only the cluster knows which these are."""

    kind: str
    name: str
    namespace: str


def objects_in(manifest: str, namespace: str) -> list[ManifestObject]:
    """The objects of a release in this namespace, at most `MAX_OBJECTS`; documents that cannot be read are left out."""
    found = []
    for document in documents(manifest):
        try:
            held = read(document)
        except YamlError:
            continue
        if not isinstance(held, Mapping) or not isinstance(metadata := held.get("metadata"), Mapping):
            continue
        place = str(metadata.get("namespace") or namespace)
        found.append(ManifestObject(str(held.get("kind")), str(metadata.get("name")), place))
    return found[:MAX_OBJECTS]


def documents(manifest: str) -> list[str]:
    """The documents of a manifest, each as it is written."""
    ends = [0]
    for match in _DOCUMENT.finditer(manifest):
        ends += [match.start(), match.start() + 3]
    ends.append(len(manifest))
    return [manifest[start:end] for start, end in zip(ends[::2], ends[1::2], strict=True)]


def _shown(document: str, scrubber: Scrubber) -> str:
    if not _MAY_HOLD_SECRET.search(document):
        text = scrubber.clean(document, instead="")
        if text or not document:
            return text
    comment = _COMMENT.match(document)
    head = scrubber.clean(comment[0], instead="") if comment else ""
    hidden = f"{head}# {HIDDEN}\n"
    try:
        found = read_all(document)
    except YamlError:
        return hidden
    clean = [covered(inner, scrubber) for inner in found]
    text = document if clean == found else head + "---\n".join(write(inner) for inner in clean)
    # A value that is split between several places is found only in the whole text.
    return scrubber.clean(text, instead=hidden)


def covered(found: Any, scrubber: Scrubber) -> Any:
    """An object, or a part of one, without the data of Secrets and without the texts that the scrubber knows."""
    if isinstance(found, str):
        return scrubber.clean(found, instead=HIDDEN)
    if isinstance(found, list):
        return [covered(inner, scrubber) for inner in found]
    if not isinstance(found, Mapping):
        text = str(found)
        return found if scrubber.clean(text) == text else HIDDEN
    kind, items = found.get("kind"), found.get("items")
    if kind == "SecretList" and isinstance(items, list):
        found = {**found, "items": [_without_data(item) for item in items]}
    elif kind == "Secret":
        found = _without_data(found)
    return {scrubber.clean(key, instead=HIDDEN): covered(inner, scrubber) for key, inner in found.items()}


def _without_data(secret: Any) -> Any:
    if not isinstance(secret, Mapping):
        return HIDDEN
    covered = dict(secret)
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
