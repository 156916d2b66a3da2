"""The objects of a release as Helm applies them."""

from collections.abc import Iterator, Mapping
from typing import Any

from app.releases.inventory import MOST_OBJECTS, MOST_TEXT
from app.releases.manifest import documents
from app.yaml.reading import YamlError, read_all

FIELD_MANAGER = "helm"
"""The name under which the `helm` command owns fields, whatever its file is called."""

_LABELS = {"app.kubernetes.io/managed-by": "Helm"}


def wanted_objects(manifest: str, release: str, namespace: str) -> list[dict[str, Any]]:
    """The objects of a release's manifest with the label and the annotations that Helm gives each of them. Hooks and
    CRDs are not in the manifest, and get neither.

    Lists are split into their items, as Helm does. Documents that cannot be read, and what exceeds the bounds of an
    inventory, are left out.
    """
    found: list[dict[str, Any]] = []
    for held in _objects(manifest):
        if not isinstance(held.get("metadata"), Mapping):
            continue
        found.append(owned_by(held, release, namespace))
        if len(found) == MOST_OBJECTS:
            break
    return found


def owned_by(held: Mapping[str, Any], release: str, namespace: str) -> dict[str, Any]:
    """An object of a manifest with the label and the annotations that Helm gives it."""
    metadata = held["metadata"]
    annotations = {"meta.helm.sh/release-name": release, "meta.helm.sh/release-namespace": namespace}
    merged = {
        **metadata,
        "labels": {**_map(metadata.get("labels")), **_LABELS},
        "annotations": {**_map(metadata.get("annotations")), **annotations},
    }
    return {**held, "metadata": merged}


def _objects(manifest: str) -> Iterator[Mapping[str, Any]]:
    read = 0
    for document in documents(manifest):
        read += len(document)
        if read > MOST_TEXT:
            return
        try:
            held = read_all(document)
        except YamlError:
            continue
        for each in held:
            if not isinstance(each, Mapping):
                continue
            items = each.get("items")
            if isinstance(items, list) and str(each.get("kind")).endswith("List"):
                yield from (item for item in items if isinstance(item, Mapping))
            else:
                yield each


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
