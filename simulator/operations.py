"""The operations of requests on objects: create, update, patch, delete. Each is validated, and each supports a dry run.

A dry run does everything but the write, and returns what would have been written.
"""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from simulator import defaults, patches, validation
from simulator.errors import (
    ApiError,
    already_exists,
    bad_request,
    conflict,
    not_found,
    plain,
    terminating,
    unsupported_media_type,
    wrong_precondition,
)
from simulator.records import Object, Record
from simulator.resources import DEFINITIONS, NAMESPACES, Resource

if TYPE_CHECKING:
    from simulator.selectors import Selection
    from simulator.store import Store

LASTING = ("default", "kube-system", "kube-public", "kube-node-lease")
"""Namespaces that exist from the start. All but the last can't be deleted."""

_SUFFIX = "bcdfghjklmnpqrstvwxz2456789"


@dataclass(frozen=True, slots=True)
class Deletion:
    """The DeleteOptions that the simulator supports."""

    uid: str = ""
    version: str = ""
    orphan: bool = False
    dry_run: bool = False

    @classmethod
    def of(cls, options: dict[str, Any], *, dry_run: bool, propagation: str = "") -> Deletion:
        conditions = options.get("preconditions") or {}
        orphan = (options.get("propagationPolicy") or propagation) == "Orphan" or bool(options.get("orphanDependents"))
        return cls(
            uid=conditions.get("uid") or "",
            version=conditions.get("resourceVersion") or "",
            orphan=orphan,
            dry_run=dry_run or bool(options.get("dryRun")),
        )


def now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"


class Operations:
    """The writes of one member's clients. `writes` counts the objects that they changed."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.writes = 0

    def get(self, resource: Resource, namespace: str, name: str) -> Record:
        record = self.store.get(resource.key, namespace, name)
        if record is None:
            raise not_found(resource, name)
        return record

    def create(self, resource: Resource, namespace: str, obj: Object, *, dry_run: bool = False) -> Record:
        obj = _identified(resource, namespace, obj)
        metadata = obj["metadata"]
        if not metadata.get("name"):
            if not metadata.get("generateName"):
                raise validation.name_required(resource)
            metadata["name"] = metadata["generateName"] + "".join(secrets.choice(_SUFFIX) for _ in range(5))
        name = metadata["name"]
        if namespace:
            self._check_namespace(resource, namespace, name)
        if metadata.get("resourceVersion"):
            raise plain("resourceVersion should not be set on objects to be created")
        for field in ("resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "generation"):
            metadata.pop(field, None)
        metadata["uid"] = str(uuid.UUID(bytes=secrets.token_bytes(16), version=4))
        metadata["creationTimestamp"] = now()
        if resource.generation:
            metadata["generation"] = 1
        if resource.status:
            obj.pop("status", None)
        validation.check(resource, obj)
        if self.store.get(resource.key, namespace, name) is not None:
            raise already_exists(resource, name)
        defaults.fill(resource.key, obj)
        return self._write(resource, obj, dry_run=dry_run)

    def update(
        self, resource: Resource, namespace: str, name: str, obj: Object, *, status: bool = False, dry_run: bool = False
    ) -> Record:
        obj = _identified(resource, namespace, obj)
        given = obj["metadata"].get("name")
        if given != name:
            raise bad_request(f"the name of the object ({given}) does not match the name on the URL ({name})")
        return self._replace(resource, self.get(resource, namespace, name), obj, status=status, dry_run=dry_run)

    def patch(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        content_type: str,
        patch: Any,
        *,
        status: bool = False,
        dry_run: bool = False,
    ) -> tuple[Record, bool]:
        """The object after the patch, and whether it was created, as server-side apply may do."""
        if content_type not in (patches.MERGE, patches.JSON, patches.STRATEGIC, *patches.APPLY) or (
            content_type == patches.STRATEGIC and resource.custom
        ):
            raise unsupported_media_type(content_type, [patches.JSON, patches.MERGE, patches.APPLY[0]])
        if content_type != patches.JSON and not isinstance(patch, dict):
            raise bad_request("a patch of this kind is a map")
        record = self.store.get(resource.key, namespace, name)
        if record is None:
            if content_type not in patches.APPLY:
                raise not_found(resource, name)
            patch.setdefault("metadata", {}).setdefault("name", name)
            if uid := patch["metadata"].get("uid"):
                why = f"Precondition failed: UID in precondition: {uid}, UID in object meta: "
                raise conflict(resource, name, why)
            return self.create(resource, namespace, patch, dry_run=dry_run), True
        old = record.object()
        if content_type == patches.JSON:
            obj = patches.json_patch(old, patch)
        elif content_type == patches.MERGE or resource.custom:
            obj = patches.merge(old, patch)
        else:
            obj = patches.strategic(old, patch)
        if not isinstance(obj, dict):
            raise bad_request("a patch leaves an object")
        obj["apiVersion"] = resource.api_version
        metadata = obj.get("metadata") or {}
        if metadata.get("name") != name:
            given = metadata.get("name", "")
            raise bad_request(f"the name of the object ({given}) does not match the name on the URL ({name})")
        obj = _identified(resource, namespace, obj)
        return self._replace(resource, record, obj, status=status, dry_run=dry_run), False

    def delete(self, resource: Resource, namespace: str, name: str, deletion: Deletion) -> tuple[Record, bool]:
        """The last state of the object, and whether it is gone. Finalizers keep it."""
        record = self.get(resource, namespace, name)
        if deletion.uid and deletion.uid != record.uid:
            raise wrong_precondition(resource.kind, name, "UID", deletion.uid, record.uid)
        if deletion.version and deletion.version != str(record.version):
            raise wrong_precondition(resource.kind, name, "ResourceVersion", deletion.version, str(record.version))
        if resource is NAMESPACES and name in LASTING[:3]:
            message = f'namespaces "{name}" is forbidden: this namespace may not be deleted'
            raise ApiError(403, "Forbidden", message, {"name": name, "kind": "namespaces"})
        if deletion.dry_run:
            return record, True
        self.writes += 1
        return self._drop(resource.key, record, orphan=deletion.orphan)

    def delete_all(self, resource: Resource, selection: Selection, deletion: Deletion) -> list[Record]:
        records = self.store.collection(resource.key).select(selection)
        for record in records:
            if self.store.get(resource.key, record.namespace, record.name) is not None:
                self.delete(resource, record.namespace, record.name, deletion)
        return records

    def _check_namespace(self, resource: Resource, namespace: str, name: str) -> None:
        found = self.store.get(NAMESPACES.key, "", namespace)
        if found is None:
            raise not_found(NAMESPACES, namespace)
        if b'"deletionTimestamp"' in found.partial:
            raise terminating(resource, name, namespace)

    def _replace(self, resource: Resource, record: Record, obj: Object, *, status: bool, dry_run: bool) -> Record:
        old = record.object()
        kept = old["metadata"]
        metadata = obj["metadata"]
        given = metadata.get("resourceVersion")
        if given and given != str(record.version):
            raise conflict(resource, record.name)
        if metadata.get("uid") and metadata["uid"] != record.uid:
            why = f"Precondition failed: UID in precondition: {metadata['uid']}, UID in object meta: {record.uid}"
            raise conflict(resource, record.name, why)
        if status:
            changed = obj.get("status")
            obj = {**old, "apiVersion": resource.api_version}
            if changed is not None:
                obj["status"] = changed
        elif resource.status:
            obj.pop("status", None)
            if "status" in old:
                obj["status"] = old["status"]
        obj["metadata"] = metadata = _lasting_metadata(obj["metadata"], kept)
        defaults.fill(resource.key, obj)
        validation.check(resource, obj, old)
        if resource.generation and _substance(obj) != _substance(old):
            metadata["generation"] = kept.get("generation", 0) + 1
        if obj == old:
            return record
        if "deletionTimestamp" in metadata and not metadata.get("finalizers") and not dry_run:
            self.writes += 1
            return self._remove(resource.key, record, orphan=False)
        return self._write(resource, obj, dry_run=dry_run)

    def _write(self, resource: Resource, obj: Object, *, dry_run: bool) -> Record:
        if dry_run:
            return Record(obj)
        self.writes += 1
        return self.store.put(resource.key, obj)

    def _drop(self, kind: tuple[str, str], record: Record, *, orphan: bool) -> tuple[Record, bool]:
        """Deletes an object, or marks it as being deleted if finalizers, or the content of a namespace, still keep
        it."""
        obj = record.object()
        metadata = obj["metadata"]
        if kind == NAMESPACES.key:
            self._empty(record.name)
            kept = self._occupied(record.name)
        else:
            kept = bool(metadata.get("finalizers"))
        if not kept:
            return self._remove(kind, record, orphan=orphan), True
        if "deletionTimestamp" in metadata:
            return record, False
        metadata.update(deletionTimestamp=now(), deletionGracePeriodSeconds=0)
        if kind == NAMESPACES.key:
            obj["status"] = {"phase": "Terminating"}
        return self.store.put(kind, obj), False

    def _remove(self, kind: tuple[str, str], record: Record, *, orphan: bool) -> Record:
        """Removes the object with everything that it owns, and then its namespace if that only waited for this."""
        last = self.store.remove(kind, record)
        if not orphan:
            for owned_kind, namespace, name in list(self.store.owned.get(record.uid, ())):
                owned = self.store.get(owned_kind, namespace, name)
                if owned is not None and owned.owners == (record.uid,):
                    self._drop(owned_kind, owned, orphan=False)
        if kind == DEFINITIONS.key:
            spec = record.object()["spec"]
            self._clear((spec["group"], spec["names"]["plural"]), None)
        namespace_record = self.store.get(NAMESPACES.key, "", record.namespace) if record.namespace else None
        if (
            namespace_record is not None
            and b'"deletionTimestamp"' in namespace_record.partial
            and not self._occupied(record.namespace)
        ):
            self.store.remove(NAMESPACES.key, namespace_record)
        return last

    def _empty(self, namespace: str) -> None:
        for kind in list(self.store.collections):
            self._clear(kind, namespace)

    def _clear(self, kind: tuple[str, str], namespace: str | None) -> None:
        """Deletes every object of a kind, in one namespace or (None) in all."""
        collection = self.store.collections.get(kind)
        if collection is None:
            return
        spaces = collection.namespaces
        records = (
            list(spaces.get(namespace, {}).values())
            if namespace is not None
            else [record for space in spaces.values() for record in space.values()]
        )
        for record in records:
            current = self.store.get(kind, record.namespace, record.name)
            if current is not None:
                self._drop(kind, current, orphan=False)

    def _occupied(self, namespace: str) -> bool:
        return any(collection.namespaces.get(namespace) for collection in self.store.collections.values())


def _identified(resource: Resource, namespace: str, obj: Object) -> Object:
    """The object with its kind and namespace. If the object names these, they must match the request."""
    if obj.get("kind", resource.kind) != resource.kind or obj.get("apiVersion", resource.api_version) != (
        resource.api_version
    ):
        given = f'{obj.get("kind", resource.kind)} in version "{obj.get("apiVersion", "")}"'
        raise bad_request(f"{given} cannot be handled as a {resource.kind}")
    metadata = obj.get("metadata")
    metadata = dict(metadata) if isinstance(metadata, dict) else {}
    if not isinstance(metadata.get("name") or "", str):
        raise bad_request("json: cannot unmarshal a value of metadata.name into Go struct field of type string")
    if metadata.get("namespace") not in (None, "", namespace):
        raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
    if namespace:
        metadata["namespace"] = namespace
    else:
        metadata.pop("namespace", None)
    rest = {key: value for key, value in obj.items() if key not in ("kind", "apiVersion", "metadata")}
    return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata, **rest}


def _lasting_metadata(given: dict[str, Any], kept: dict[str, Any]) -> dict[str, Any]:
    """The metadata after an update: the given metadata, with the old values of the fields that clients cannot
    change."""
    fixed = ("uid", "creationTimestamp", "resourceVersion", "generation", "generateName", "deletionTimestamp")
    metadata = {key: value for key, value in given.items() if key not in (*fixed, "selfLink") and value is not None}
    return {**metadata, **{key: kept[key] for key in fixed if key in kept}}


def _substance(obj: Object) -> Object:
    return {key: value for key, value in obj.items() if key not in ("metadata", "status", "apiVersion")}
