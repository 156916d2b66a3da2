"""Lists the objects that a release consists of, from its record: the objects of its manifest, its hooks and its CRDs.

A record comes from a member, so the amount that is read of it is bounded, whatever it contains.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Any, NamedTuple

from app.releases.manifest import documents
from app.releases.release import Observed
from app.yaml.reading import YamlError, read, read_all

MOST_OBJECTS = 1000
"""The maximum number of objects of one release that are followed."""

MOST_TEXT = 4 * 2**20
"""The maximum number of characters of one release's documents that are read."""

_GROUP = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_VERSION = re.compile(r"[a-z0-9]{1,63}")
_KIND = re.compile(r"[A-Za-z][A-Za-z0-9]{0,62}")
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.:_-]{0,251}[A-Za-z0-9])?")
_SECTION = re.compile(r"^[^\s#-]", re.MULTILINE)
_DASHES = re.compile(r"^---", re.MULTILINE)
_KEPT = ("apiVersion:", "kind:", "metadata:")


class ResourceOrigin(StrEnum):
    """The part of a release that contains an object."""

    MANIFEST = "MANIFEST"
    HOOK = "HOOK"
    CRD = "CRD"


class Reference(NamedTuple):
    """Identifies an object. `namespace` is empty if the manifest names none."""

    group: str
    version: str
    kind: str
    namespace: str
    name: str

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version


@dataclass(frozen=True, slots=True)
class Wanted:
    """An object that a release consists of. `digest` is the digest of its document's text."""

    reference: Reference
    origin: ResourceOrigin
    digest: bytes


@dataclass(frozen=True, slots=True)
class Inventory:
    """`left_out` counts documents that cannot be read and objects beyond the limits."""

    objects: tuple[Wanted, ...] = ()
    left_out: int = 0


def inventory_of(observed: Observed) -> Inventory:
    """The objects of a release. An object that appears twice is listed once, as Helm made it first."""
    found: dict[Reference, Wanted] = {}
    left_out = text = 0
    for origin, document in _documents(observed):
        text += len(document)
        if text > MOST_TEXT:
            left_out += 1
            continue
        try:
            references = list(_references(document))
        except (YamlError, ValueError):
            left_out += 1
            continue
        if not references:
            continue
        digest = hashlib.blake2b(document.strip().encode(), digest_size=16).digest()
        for reference in references:
            if len(found) < MOST_OBJECTS:
                found.setdefault(reference, Wanted(reference, origin, digest))
            elif reference not in found:
                left_out += 1
    return Inventory(tuple(found.values()), left_out)


def _documents(observed: Observed) -> Iterator[tuple[ResourceOrigin, str]]:
    for definition in observed.definitions:
        yield from ((ResourceOrigin.CRD, each) for each in documents(definition))
    yield from ((ResourceOrigin.MANIFEST, each) for each in documents(observed.manifest))
    for hook in observed.hook_manifests:
        yield from ((ResourceOrigin.HOOK, each) for each in documents(hook))


def _references(document: str) -> Iterator[Reference]:
    """Yields the objects of one document: one, none if it is empty, or those of a list.

    Raises:
        YamlError, ValueError: if it is not a Kubernetes object.
    """
    if (reference := _quickly(document)) is not None:
        yield reference
        return
    for held in read_all(document):
        if held is None:
            continue
        items = held.get("items") if isinstance(held, Mapping) else None
        if isinstance(items, list) and str(held.get("kind")).endswith("List"):
            yield from map(_reference, items)
        else:
            yield _reference(held)


def _quickly(document: str) -> Reference | None:
    """Reads the three sections of a document that identify an object, and skips its specification, which takes most of
    the time. Returns None if the result might differ from that of the whole document.

    Every object has each of these keys once. A line that only looks like one, such as a line of a text without
    indentation, counts as a second one, and then the whole document is read.
    """
    if not document or _DASHES.search(document):
        return None
    starts = [match.start() for match in _SECTION.finditer(document)]
    sections = [document[start:end] for start, end in pairwise([*starts, len(document)])]
    kept = [section for section in sections if section.startswith(_KEPT)]
    if len(kept) != len(_KEPT) or not all(section[0].isalpha() for section in sections):
        return None
    try:
        return _reference(read("".join(kept)))
    except (YamlError, ValueError):
        return None


def _reference(held: Any) -> Reference:
    if not isinstance(held, Mapping) or not isinstance(metadata := held.get("metadata"), Mapping):
        raise ValueError("it is not a Kubernetes object")
    group, _, version = _text(held.get("apiVersion")).rpartition("/")
    namespace = metadata.get("namespace") or ""
    name = metadata.get("name")
    reference = Reference(group, version, _text(held.get("kind")), _text(namespace), _text(name))
    checked: Iterable[tuple[re.Pattern[str], str]] = (
        (_VERSION, version),
        (_KIND, reference.kind),
        (_NAME, reference.name),
        *([(_GROUP, group)] if group else []),
        *([(_NAME, reference.namespace)] if reference.namespace else []),
    )
    if not all(pattern.fullmatch(text) for pattern, text in checked):
        raise ValueError("it has a name that no Kubernetes object has")
    return reference


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("a name is not a string")
    return value
