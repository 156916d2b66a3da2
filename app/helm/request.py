"""Determines what one of Helm's requests to a member is about. Pure."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import orjson

from app.releases.hook import Hook
from app.releases.storage import PREFIX, SECRET_NAME, SECRET_TYPE

_READS = ("GET", "HEAD", "OPTIONS")
_RECORD_IN_BODY = re.compile(re.escape(PREFIX).encode() + rb"([a-z0-9.-]+?)\.v([0-9]{1,9})(?![0-9.a-z-])")
_BEGINNING = 1024
"""How many bytes of an object are searched for its name, which comes first in protobuf."""
_HOOK = "helm.sh/hook"


@dataclass(frozen=True, slots=True)
class Request:
    """`path` is the path of the API, without the query. `writes` is True for every request that may change something.
    `revision` is the revision of the release record that it writes, if any; `hook` is the hook that it creates, if
    any."""

    method: str
    path: str
    name: str = ""
    writes: bool = False
    watches: bool = False
    revision: int | None = None
    hook: Hook | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Requests with the same key are attempts of the same request."""
        return self.method, self.path

    @property
    def object(self) -> str:
        """The object in kubectl's notation, such as `configmaps/web`."""
        parts = self.path.strip("/").split("/")
        parts = parts[2:] if parts[0] == "api" else parts[3:]
        if len(parts) > 2 and parts[0] == "namespaces":
            parts = parts[2:]
        if self.method == "POST" and self.name:
            parts.append(self.name)
        return "/".join(parts) or self.path

    @property
    def is_discovery_of_a_group(self) -> bool:
        """Whether the request discovers the API of one group. Another server than the API server may serve it, such as
        a metrics server."""
        return not self.writes and re.fullmatch(r"/apis/[^/]+/[^/]+", self.path) is not None


def read_request(method: str, target: str, body: bytes = b"") -> Request:
    """Reads a request, whose `target` is its path and query."""
    url = urlsplit(target)
    query = url.query.split("&")
    path = unquote(url.path)
    if method in _READS or "dryRun=All" in query:
        return Request(method, path, watches="watch=true" in query or "watch=1" in query)
    if path.endswith("/secrets") and method == "POST":
        revision, name = _record_created(body)
        if revision is not None:
            return Request(method, path, name, writes=True, revision=revision)
    if found := SECRET_NAME.fullmatch(path.rpartition("/")[2]):
        return Request(method, path, writes=True, revision=int(found[2]))
    created = _created(body) if method == "POST" else {}
    metadata = _map(created.get("metadata"))
    return Request(method, path, str(metadata.get("name") or ""), writes=True, hook=_hook(created, metadata, path))


def _record_created(body: bytes) -> tuple[int | None, str]:
    if body.startswith(b"k8s\0"):  # Helm sends its own records as protobuf, and objects of charts as JSON
        found = _RECORD_IN_BODY.search(body[:_BEGINNING])
        return (int(found[2]), found[0].decode()) if found else (None, "")
    created = _created(body)
    name = str(_map(created.get("metadata")).get("name"))
    found_text = SECRET_NAME.fullmatch(name)
    return (int(found_text[2]), name) if found_text and created.get("type") == SECRET_TYPE else (None, "")


def _created(body: bytes) -> dict[str, Any]:
    try:
        return _map(orjson.loads(body))
    except orjson.JSONDecodeError:
        return {}


def _map(found: Any) -> dict[str, Any]:
    return found if isinstance(found, dict) else {}


def _hook(created: dict[str, Any], metadata: dict[str, Any], path: str) -> Hook | None:
    written = _map(metadata.get("annotations")).get(_HOOK)
    if not isinstance(written, str):
        return None
    parts = path.split("/")
    namespace = parts[parts.index("namespaces") + 1] if "namespaces" in parts[:-1] else ""
    events = tuple(event.strip() for event in written.split(","))
    return Hook(str(created.get("kind")), str(metadata.get("name")), namespace, events)
