"""The four kinds of patches: RFC 7386, RFC 6902, strategic merge, server-side apply.

A strategic merge patch merges lists of maps by a key that the types declare. This module has the keys of the fields
that charts use, by the field's name. Other lists are replaced, as the real server replaces atomic lists.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from simulator.errors import bad_request, rejected_patch

MERGE = "application/merge-patch+json"
JSON = "application/json-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = ("application/apply-patch+yaml", "application/apply-patch+cbor")

_MERGE_KEYS: dict[str, tuple[str, ...]] = {
    "conditions": ("type",),
    "containers": ("name",),
    "env": ("name",),
    "ephemeralContainers": ("name",),
    "hostAliases": ("ip",),
    "imagePullSecrets": ("name",),
    "initContainers": ("name",),
    "ownerReferences": ("uid",),
    "ports": ("containerPort", "port"),
    "secrets": ("name",),
    "topologySpreadConstraints": ("topologyKey",),
    "volumeDevices": ("devicePath",),
    "volumeMounts": ("mountPath",),
    "volumes": ("name",),
    "webhooks": ("name",),
}
_PRIMITIVE_SETS = {"finalizers"}
_DELETE_PRIMITIVES = "$deleteFromPrimitiveList/"
_ORDER = "$setElementOrder/"


def merge(target: Any, patch: Any) -> Any:
    """RFC 7386: maps are merged, null removes, everything else replaces."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge(merged.get(key), value)
    return merged


def strategic(target: Any, patch: dict[str, Any]) -> dict[str, Any]:
    """Merges maps deeply and known lists by their key. `$patch`, `$setElementOrder/…` and `$retainKeys` control it."""
    directive = patch.get("$patch")
    if directive == "delete":
        return {}
    merged = dict(target) if isinstance(target, dict) and directive != "replace" else {}
    retained = patch.get("$retainKeys")
    if retained is not None:
        merged = {key: value for key, value in merged.items() if key in retained}
    for key, value in patch.items():
        if key.startswith(_DELETE_PRIMITIVES):
            field = key.removeprefix(_DELETE_PRIMITIVES)
            merged[field] = [item for item in merged.get(field) or [] if item not in value]
        elif key.startswith("$"):
            continue
        elif value is None:
            merged.pop(key, None)
        elif isinstance(value, dict):
            merged[key] = strategic(merged.get(key), value)
        elif isinstance(value, list):
            merged[key] = _strategic_list(key, merged.get(key) or [], value)
        else:
            merged[key] = value
    for key, order in patch.items():
        if key.startswith(_ORDER):
            field = key.removeprefix(_ORDER)
            merged[field] = _ordered(field, merged.get(field) or [], order)
    return merged


def _merge_key(field: str, items: list[Any]) -> str | None:
    """The key that identifies the items; None for a list that is replaced as a whole."""
    maps = [item for item in items if isinstance(item, dict) and set(item) != {"$patch"}]
    for key in _MERGE_KEYS.get(field, ()):
        if maps and all(key in item for item in maps):
            return key
    return None


def _strategic_list(field: str, current: list[Any], patch: list[Any]) -> list[Any]:
    if field in _PRIMITIVE_SETS:
        return current + [item for item in patch if item not in current]
    key = _merge_key(field, patch)
    replace = any(isinstance(item, dict) and item.get("$patch") == "replace" for item in patch)
    if key is None or replace:
        return [
            strategic({}, item) if isinstance(item, dict) else item for item in patch if item != {"$patch": "replace"}
        ]
    merged = {item.get(key): item for item in current if isinstance(item, dict)}
    for item in patch:
        if item.get("$patch") == "delete":
            merged.pop(item[key], None)
        else:
            merged[item[key]] = strategic(merged.get(item[key]), item)
    return list(merged.values())


def _ordered(field: str, items: list[Any], order: list[Any]) -> list[Any]:
    """The items in the given order. Items that are not in `order` follow, in their own order."""
    key = _merge_key(field, order)
    wanted = [item[key] if key else item for item in order]

    def place(item: Any) -> int:
        identity = item.get(key) if key else item
        return wanted.index(identity) if identity in wanted else len(wanted)

    return sorted(items, key=place)


def json_patch(target: Any, operations: Any) -> Any:
    """RFC 6902."""
    if not isinstance(operations, list):
        raise bad_request("a JSON patch is a list of operations")
    document = {"": deepcopy(target)}
    for operation in operations:
        try:
            _operate(document, operation)
        except (KeyError, IndexError, ValueError, TypeError, AttributeError) as error:
            raise rejected_patch() from error
    return document[""]


def _steps(path: str) -> list[str]:
    if path and not path.startswith("/"):
        raise ValueError(path)
    return [step.replace("~1", "/").replace("~0", "~") for step in path.split("/")]


def _find(document: Any, path: str) -> tuple[Any, str | int]:
    """The container that holds the path's last step, and that step as its key."""
    steps = _steps(path)
    node = document
    for step in steps[:-1]:
        node = node[int(step)] if isinstance(node, list) else node[step]
    last = steps[-1]
    if isinstance(node, list):
        return node, len(node) if last == "-" else int(last)
    return node, last


def _operate(document: Any, operation: dict[str, Any]) -> None:
    node, key = _find(document, operation["path"])
    match operation["op"]:
        case "add":
            _add(node, key, operation["value"])
        case "remove":
            del node[key]
        case "replace":
            node[key]  # a missing value can't be replaced
            node[key] = operation["value"]
        case "test":
            if node[key] != operation["value"]:
                raise ValueError(operation["path"])
        case "copy" | "move":
            source, source_key = _find(document, operation["from"])
            value = deepcopy(source[source_key])
            if operation["op"] == "move":
                del source[source_key]
                node, key = _find(document, operation["path"])
            _add(node, key, value)
        case unknown:
            raise ValueError(unknown)


def _add(node: Any, key: str | int, value: Any) -> None:
    if isinstance(node, list):
        if not isinstance(key, int) or not 0 <= key <= len(node):
            raise IndexError(key)
        node.insert(key, value)
    else:
        node[key] = value
