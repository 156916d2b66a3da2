"""One member cluster: its objects, its faults, its counters, and how to reach it."""

from __future__ import annotations

import base64
import secrets
from collections import Counter
from typing import TYPE_CHECKING, Any

import orjson
import yaml

from simulator.faults import Faults
from simulator.logs import Logs
from simulator.operations import LASTING, Operations
from simulator.resources import DEFINITIONS, NAMESPACES, Catalog
from simulator.store import HISTORY, Store
from simulator.workloads import Workloads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from simulator.records import Object, Record
    from simulator.store import Kind

    Written = Callable[[str, Kind, Record, bool], None]

KUBERNETES_VERSION = "v1.34.4"


class Member:
    """`written` is called for each write."""

    def __init__(
        self,
        name: str,
        server: str,
        authority: bytes,
        *,
        token: str = "",
        version: int = 0,
        objects: Iterable[tuple[Kind, Object]] = (),
        written: Written | None = None,
        history: int = HISTORY,
    ) -> None:
        self.name = name
        self.server = server
        """The URL of its API, path prefix included."""
        self.token = token or secrets.token_urlsafe(32)
        self.authority = authority
        self.kubernetes_version = KUBERNETES_VERSION
        self.requests: Counter[str] = Counter()
        """The number of requests of each kind, answered or not: "list secrets", "create deployments.apps", "get
        /version"."""
        self.catalog = Catalog()
        self.store = Store(self._changed, version=version, history=history)
        self.operations = Operations(self.store)
        self.faults = Faults()
        self.logs = Logs()
        self.workloads = Workloads(self.store, self.faults)
        self.faults.changed = self.workloads.resume
        self.written = written
        for kind, obj in objects:
            record = self.store.load(kind, obj)
            self._follow(kind, record, present=True)
        if not self.store.collections:
            for namespace in LASTING:
                self.operations.create(NAMESPACES, "", {"metadata": {"name": namespace}})
            self.operations.writes = 0

    @property
    def writes(self) -> int:
        """How many objects clients have created, changed or deleted. Writes that changed nothing don't count."""
        return self.operations.writes

    @property
    def kubeconfig(self) -> str:
        """The kubeconfig as YAML that needs no other file."""
        cluster = {
            "server": self.server,
            "certificate-authority-data": base64.b64encode(self.authority).decode(),
        }
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": self.name, "cluster": cluster}],
            "users": [{"name": self.name, "user": {"token": self.token}}],
            "contexts": [{"name": self.name, "context": {"cluster": self.name, "user": self.name}}],
            "current-context": self.name,
        }
        return yaml.safe_dump(document, sort_keys=False)

    def objects(self, plural: str, group: str = "", namespace: str | None = None) -> list[Object]:
        """Copies of the member's objects of a kind, for tests. Does not count as a request."""
        collection = self.store.collections.get((group, plural))
        spaces = {} if collection is None else collection.namespaces
        return [
            record.object()
            for space, records in sorted(spaces.items())
            if namespace in (None, space)
            for record in records.values()
        ]

    def put(self, plural: str, obj: Object, group: str = "", version: str = "v1") -> Object:
        """Creates or replaces an object as another client would. Counts as neither a request nor a write."""
        resource = self.catalog.find(group, version, plural)
        if resource is None:
            raise ValueError(f"{self.name} serves no {plural} of {group or 'the core group'}, {version}")
        metadata = obj["metadata"]
        namespace = metadata.get("namespace", "default") if resource.namespaced else ""
        writes = self.operations.writes
        if self.store.get(resource.key, namespace, metadata["name"]) is None:
            record = self.operations.create(resource, namespace, obj)
        else:
            record = self.operations.update(resource, namespace, metadata["name"], obj)
        self.operations.writes = writes
        return record.object()

    def told(self) -> dict[str, Any]:
        return {"faults": self.faults.told(), "writes": self.writes, "requests": dict(self.requests)}

    def _changed(self, kind: Kind, record: Record, present: bool) -> None:
        self._follow(kind, record, present=present)
        if self.written is not None:
            self.written(self.name, kind, record, present)

    def _follow(self, kind: Kind, record: Record, *, present: bool) -> None:
        if kind == DEFINITIONS.key:
            definition = orjson.loads(record.body)
            (self.catalog.define if present else self.catalog.forget)(definition)
        if present:
            self.workloads.notice(kind, record)
