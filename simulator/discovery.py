"""Discovery, which a client reads first: the version, the groups, and the resources of each group, without
aggregation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from simulator.resources import Catalog, Resource

_STABILITY = {"": 0, "alpha": 2, "beta": 1}


def version(git_version: str) -> dict[str, str]:
    major, minor = git_version.lstrip("v").split(".")[:2]
    return {
        "major": major,
        "minor": minor,
        "gitVersion": git_version,
        "gitCommit": "0" * 40,
        "gitTreeState": "clean",
        "buildDate": "2025-01-01T00:00:00Z",
        "goVersion": "go1.24",
        "compiler": "gc",
        "platform": "linux/amd64",
    }


def core_versions(address: str) -> dict[str, Any]:
    return {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}],
    }


def _rank(version: str) -> tuple[int, int, int, str]:
    """A sort key for Kubernetes' order of versions: v2 before v1 before v1beta1 before v1alpha1 before anything
    else."""
    for word, stability in _STABILITY.items():
        head, found, tail = version[1:].partition(word) if word else (version[1:], "", "")
        if version.startswith("v") and head.isdigit() and (not word or (found and (tail or "0").isdigit())):
            return (stability, -int(head), -int(tail or "0"), version)
    return (3, 0, 0, version)


def _group(name: str, versions: list[str]) -> dict[str, Any]:
    offered = [{"groupVersion": f"{name}/{version}", "version": version} for version in sorted(versions, key=_rank)]
    return {"name": name, "versions": offered, "preferredVersion": offered[0]}


def _groups(catalog: Catalog) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for group, version in catalog.versions():
        if group:
            groups.setdefault(group, []).append(version)
    return groups


def groups(catalog: Catalog) -> dict[str, Any]:
    found = [_group(name, versions) for name, versions in _groups(catalog).items()]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": found}


def group(catalog: Catalog, name: str) -> dict[str, Any] | None:
    versions = _groups(catalog).get(name)
    return None if versions is None else {"kind": "APIGroup", "apiVersion": "v1", **_group(name, versions)}


def _entry(resource: Resource) -> list[dict[str, Any]]:
    entry: dict[str, Any] = {
        "name": resource.plural,
        "singularName": resource.kind.lower(),
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": resource.verbs,
    }
    if resource.short:
        entry["shortNames"] = resource.short
    if resource.categories:
        entry["categories"] = resource.categories
    if not resource.status:
        return [entry]
    status = {**entry, "name": f"{resource.plural}/status", "singularName": "", "verbs": ["get", "patch", "update"]}
    status.pop("shortNames", None)
    status.pop("categories", None)
    return [entry, status]


def resources(catalog: Catalog, group: str, version: str) -> dict[str, Any] | None:
    found = catalog.versions().get((group, version))
    if found is None:
        return None
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": f"{group}/{version}" if group else version,
        "resources": [entry for resource in found for entry in _entry(resource)],
    }


def openapi_v2(accept: str) -> tuple[str, bytes]:
    """The content type and the body. A kind without a schema passes validation, so the document has no schemas.

    The real server answers with this name, which has dots instead of `@`: Go's parser of media types rejects `@`. An
    empty message is a valid document in protobuf.
    """
    if "protobuf" in accept:
        return "application/com.github.proto-openapi.spec.v2.v1.0+protobuf", b""
    document = {"swagger": "2.0", "info": {"title": "Kubernetes", "version": "unversioned"}, "paths": {}}
    return "application/json", orjson.dumps(document)
