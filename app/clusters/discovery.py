"""The kinds of objects that a member serves: its discovery, in Kubernetes' aggregated form."""

import asyncio
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson

from app.clusters.member import Member
from app.core.errors import TemporaryError
from app.releases.error_codes import ActionCode

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_AT_ONCE = 4
_MOST_ASKED = 500
_NAME = re.compile(r"[A-Za-z0-9._/-]{1,253}")
"""That of a subresource has a slash."""


@dataclass(frozen=True, slots=True)
class Resource:
    """The name of a kind in paths, and whether its objects belong to a namespace."""

    plural: str
    namespaced: bool


@dataclass(frozen=True)
class Discovery:
    """`core` and `named` are the items of the two aggregated documents, for the core group and for all other groups;
    `version` is the answer to /version."""

    version: Mapping[str, Any]
    core: list[dict[str, Any]]
    named: list[dict[str, Any]]

    @cached_property
    def resources(self) -> dict[tuple[str, str], Resource]:
        """The resources, by apiVersion and kind."""
        found: dict[tuple[str, str], Resource] = {}
        for group in (*self.core, *self.named):
            name = group.get("metadata", {}).get("name") or ""
            for version in group["versions"]:
                api_version = f"{name}/{version['version']}" if name else version["version"]
                for resource in version.get("resources") or ():
                    kind = resource.get("responseKind", {}).get("kind")
                    if kind is not None:  # it is None if only subresources are served
                        namespaced = resource.get("scope") == "Namespaced"
                        found.setdefault((api_version, kind), Resource(_name(resource["resource"]), namespaced))
        return found

    @cached_property
    def digest(self) -> bytes:
        """Equal for members that look the same to charts, by their version and kinds."""
        text = orjson.dumps([self.version, self.core, self.named], option=orjson.OPT_SORT_KEYS)
        return hashlib.blake2b(text, digest_size=16).digest()

    def document(self, items: list[dict[str, Any]]) -> bytes:
        return orjson.dumps(
            {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}
        )

    def without_definitions(self, definitions: Iterable[Mapping[str, Any]]) -> "Discovery":
        """The discovery of the member without the kinds of these CustomResourceDefinitions."""
        gone = {(spec.get("group"), _names(spec).get("plural")) for spec in map(_spec, definitions)}
        if not gone:
            return self
        groups = []
        for group in self.named:
            name = group["metadata"]["name"]
            versions = []
            for version in group["versions"]:
                kept = [each for each in version.get("resources") or () if (name, each["resource"]) not in gone]
                if kept:
                    versions.append(version | {"resources": kept})
            if versions:
                groups.append(group | {"versions": versions})
        return Discovery(self.version, self.core, groups)

    def with_definitions(self, definitions: Iterable[Mapping[str, Any]]) -> "Discovery":
        """The discovery of the member with these CustomResourceDefinitions added."""
        added = [each for definition in definitions for each in _defined(definition, self.resources)]
        if not added:
            return self
        groups = {str(group["metadata"]["name"]): group for group in self.named}
        # Helm keeps only the last of two entries for one group or version.
        for name, version, resource in added:
            group = groups.get(name, {"metadata": {"name": name}, "versions": []})
            versions = {each["version"]: each for each in group["versions"]}
            present = versions.get(version, {"version": version, "freshness": "Current"})
            versions[version] = present | {"resources": [*(present.get("resources") or ()), resource]}
            groups[name] = group | {"versions": list(versions.values())}
        return Discovery(self.version, self.core, list(groups.values()))


async def discover(member: Member) -> Discovery:
    """Reads the discovery of a member.

    Raises:
        TemporaryError: if the member cannot be read, or does not answer with a discovery.
    """
    version, core, named = await asyncio.gather(
        member.get("/version"), member.get("/api", accept=_ACCEPT), member.get("/apis", accept=_ACCEPT)
    )
    try:
        found = Discovery(_map(version), await _items(member, core), await _items(member, named))
        assert found.resources is not None  # fails here, not later, if it cannot be read
        return found
    except (KeyError, TypeError, AttributeError, ValueError):
        raise _no_discovery() from None


async def discover_version(member: Member, api_version: str) -> dict[str, Resource]:
    """The resources of one version of one group, by kind; empty if the member does not serve the version. The request
    is the same for all versions of Kubernetes, and its answer is small.

    Raises:
        TemporaryError: if the member cannot be read, or does not answer with a discovery.
    """
    path = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
    answer = await member.request("GET", path)
    if answer.status == 404:
        return {}
    try:
        return {
            each["kind"]: Resource(_name(each["name"]), each["namespaced"] is True)
            for each in answer.body["resources"]
            if "/" not in each["name"]
        }
    except (KeyError, TypeError):
        raise _no_discovery() from None


async def served_versions(member: Member) -> set[str]:
    """The versions of all groups that the member serves, as `apps/v1`. Without the core group.

    Raises:
        TemporaryError: if the member cannot be read, or does not answer with a list of groups.
    """
    answer = await member.request("GET", "/apis")
    try:
        return {version["groupVersion"] for group in answer.body["groups"] for version in group["versions"]}
    except (KeyError, TypeError):
        raise _no_discovery() from None


def _no_discovery() -> TemporaryError:
    return TemporaryError(
        ActionCode.CLUSTER_UNEXPECTED_ANSWER, "The API server does not say which kinds of objects it knows."
    )


_ACCEPT = f"{AGGREGATED},application/json"


async def _items(member: Member, answer: Any) -> list[dict[str, Any]]:
    if answer.get("kind") == "APIGroupDiscoveryList":
        # The order and the freshness differ between servers and have no meaning here.
        items = [
            {"metadata": {"name": each["metadata"].get("name", "")}, "versions": each["versions"]}
            for each in answer["items"]
        ]
        return sorted(items, key=lambda item: str(item["metadata"]["name"]))
    # A server before Kubernetes 1.27, or without aggregation, needs one request for each version.
    groups = answer.get("groups")
    gate = asyncio.Semaphore(_AT_ONCE)

    async def version_of(path: str, group: str, version: str) -> dict[str, Any]:
        async with gate:
            found = await member.get(path)
        resources = [
            {
                "resource": each["name"],
                "responseKind": {
                    "group": each.get("group") or group,
                    "version": each.get("version") or version,
                    "kind": each["kind"],
                },
                "scope": "Namespaced" if each["namespaced"] else "Cluster",
                "singularResource": each.get("singularName") or "",
                "verbs": each.get("verbs") or [],
            }
            for each in found["resources"]
            if "/" not in each["name"]
        ]
        return {"version": version, "resources": resources, "freshness": "Current"}

    if groups is None:
        names = [_name(each) for each in _few(answer["versions"])]
        versions = await asyncio.gather(*(version_of(f"/api/{each}", "", each) for each in names))
        return [{"metadata": {"name": ""}, "versions": list(versions)}]
    found = []
    for group in sorted(_few(groups), key=lambda group: str(group["name"])):
        name = _name(group["name"])
        names = [_name(each["version"]) for each in _few(group["versions"])]
        asked = (version_of(f"/apis/{name}/{each}", name, each) for each in names)
        found.append({"metadata": {"name": name}, "versions": list(await asyncio.gather(*asked))})
    return found


def _few(found: Any) -> list[Any]:
    """A list of groups or versions that is short enough to request each of them."""
    if not isinstance(found, list) or len(found) > _MOST_ASKED:
        raise TypeError("not a list of groups or versions")
    return found


def _name(found: Any) -> str:
    if not isinstance(found, str) or not _NAME.fullmatch(found):
        raise TypeError("not the name of a group, a version or a resource")
    return found


def _map(found: Any) -> Mapping[str, Any]:
    if not isinstance(found, Mapping):
        raise TypeError("not a map")
    return found


def _defined(
    definition: Mapping[str, Any], known: Mapping[tuple[str, str], Resource]
) -> Iterable[tuple[str, str, dict[str, Any]]]:
    """The group, version and discovery entry of each kind that a definition adds to the `known` ones."""
    spec = _spec(definition)
    names, group = _names(spec), spec.get("group")
    if not isinstance(group, str):
        return
    kind, plural = names.get("kind"), names.get("plural")
    versions = [
        each["name"]
        for each in spec.get("versions") or ()
        if isinstance(each, Mapping) and isinstance(each.get("name"), str) and each.get("served", True)
    ]
    for version in versions:
        if (
            isinstance(kind, str)
            and isinstance(plural, str)
            and _NAME.fullmatch(plural)
            and (f"{group}/{version}", kind) not in known
        ):
            resource = {
                "resource": plural,
                "responseKind": {"group": group, "version": version, "kind": kind},
                "scope": str(spec.get("scope") or "Namespaced"),
                "singularResource": str(names.get("singular") or kind.lower()),
                "verbs": ["create", "delete", "get", "list", "patch", "update", "watch"],
            }
            yield group, version, resource


def _spec(definition: Mapping[str, Any]) -> Mapping[str, Any]:
    spec = definition.get("spec")
    return spec if isinstance(spec, Mapping) else {}


def _names(spec: Mapping[str, Any]) -> Mapping[str, Any]:
    names = spec.get("names")
    return names if isinstance(names, Mapping) else {}
