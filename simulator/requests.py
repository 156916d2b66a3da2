"""Interprets the path and the method of a request, like k8s.io/apiserver/pkg/endpoints/request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote

from simulator.errors import bad_request, method_not_allowed, unknown_path
from simulator.selectors import Selection, parse_fields, parse_labels

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulator.resources import Catalog, Resource

_ON_ONE = {"GET": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_ON_ALL = {"GET": "list", "POST": "create", "DELETE": "deletecollection"}


@dataclass(frozen=True, slots=True)
class Ask:
    """A request about objects."""

    verb: str
    resource: Resource
    namespace: str | None
    """None if the resource has no namespaces, or if all namespaces are meant."""
    name: str
    status: bool
    query: Mapping[str, str]
    log: bool = False
    """Whether the log of a pod is requested, not the pod."""

    @property
    def dry_run(self) -> bool:
        value = self.query.get("dryRun", "")
        if value not in ("", "All"):
            raise bad_request(f'dryRun: Unsupported value: "{value}": supported values: "All"')
        return value == "All"

    @property
    def selection(self) -> Selection:
        return Selection(
            self.namespace,
            parse_labels(self.query.get("labelSelector", "")),
            parse_fields(self.query.get("fieldSelector", ""), self.resource.key),
        )

    def truth(self, name: str) -> bool:
        return self.query.get(name, "").lower() in ("true", "1", "t")


def split(raw: str) -> tuple[list[str], dict[str, str]]:
    """The segments of a raw path, unquoted, and its query."""
    path, _, query = raw.partition("?")
    steps = path.strip("/").split("/")
    if "%" in path:
        steps = [unquote(step) for step in steps]
    return steps, dict(parse_qsl(query, keep_blank_values=True)) if query else {}


def understand(method: str, steps: list[str], query: Mapping[str, str], catalog: Catalog) -> Ask | None:
    """The request for an object or a kind; None for any other path. Raises 404 and 405 like the real server."""
    if steps[0] == "api" and len(steps) > 2:
        group, version, rest = "", steps[1], steps[2:]
    elif steps[0] == "apis" and len(steps) > 3:
        group, version, rest = steps[1], steps[2], steps[3:]
    else:
        return None
    namespace = None
    if rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in ("status", "finalize"):
        namespace, rest = rest[1], rest[2:]
    resource = catalog.find(group, version, rest[0])
    if resource is None or len(rest) > 3 or (namespace is not None and not resource.namespaced):
        raise unknown_path()
    name = rest[1] if len(rest) > 1 else ""
    subresource = rest[2] if len(rest) > 2 else ""
    is_log = subresource == "log" and resource.key == ("", "pods")
    if subresource and not is_log and not (subresource == "status" and resource.status):
        raise unknown_path()
    if name and resource.namespaced and namespace is None:
        raise unknown_path()
    verb = (_ON_ONE if name else _ON_ALL).get(method, "")
    if verb == "list" and query.get("watch", "").lower() in ("true", "1"):
        verb = "watch"
    needs_namespace = resource.namespaced and namespace is None and verb in ("create", "deletecollection")
    if verb not in resource.verbs or needs_namespace or (subresource and verb == "delete"):
        raise method_not_allowed()
    if is_log and verb != "get":
        raise method_not_allowed()
    return Ask(verb, resource, namespace, name, subresource == "status", query, is_log)
