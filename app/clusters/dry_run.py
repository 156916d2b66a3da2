"""Asks a member's API server whether it would take a manifest: each object is sent in dry-run mode, so that defaulting,
validation, quota and admission have their say and nothing is stored."""

import asyncio
from typing import Any
from urllib.parse import quote

from app.clusters.member import Member
from app.errors import PermanentError
from app.yaml.reading import YamlError, read_all

_AT_ONCE = 4


async def try_manifest(member: Member, manifest: str, namespace: str) -> None:
    """Tries every object of a manifest.

    Kinds that the member does not know yet (the chart may bring them), and objects in a namespace that does not exist
    yet, can't be tried and are passed over.

    Raises:
        PermanentError: with the API server's words, where it would refuse an object.
        TemporaryError: where it can't be asked.
    """
    objects = await asyncio.to_thread(_objects, manifest)
    versions = {str(found.get("apiVersion")) for found in objects}
    resources: dict[tuple[str, str], dict[str, Any]] = {}
    for version in versions:
        resources |= await _resources(member, version)
    gate = asyncio.Semaphore(_AT_ONCE)

    async def try_one(found: dict[str, Any]) -> None:
        resource = resources.get((str(found.get("apiVersion")), str(found.get("kind"))))
        if resource is not None:
            async with gate:
                await _try_object(member, found, resource, namespace)

    await asyncio.gather(*map(try_one, objects))


def _objects(manifest: str) -> list[dict[str, Any]]:
    try:
        return [found for found in read_all(manifest) if isinstance(found, dict)]
    except YamlError as error:
        raise PermanentError("chart_not_rendered", f"What the chart renders is no manifest: {error}") from None


async def _resources(member: Member, version: str) -> dict[tuple[str, str], dict[str, Any]]:
    answer = await member.request("GET", _base(version))
    if answer.status != 200:
        return {}
    return {
        (version, resource["kind"]): resource for resource in answer.body["resources"] if "/" not in resource["name"]
    }


async def _try_object(member: Member, found: dict[str, Any], resource: dict[str, Any], namespace: str) -> None:
    metadata = found.get("metadata") or {}
    path = _base(str(found["apiVersion"]))
    if resource["namespaced"]:
        path += f"/namespaces/{quote(metadata.get('namespace') or namespace, safe='')}"
    name = str(metadata.get("name"))
    answer = await member.request(
        "PATCH",
        f"{path}/{resource['name']}/{quote(name, safe='')}",
        query=[("dryRun", "All"), ("fieldManager", "polyhelm"), ("force", "true"), ("fieldValidation", "Strict")],
        body=found,
        content_type="application/apply-patch+yaml",
    )
    if answer.status < 300 or (answer.status == 404 and _kind_of_missing(answer.body) == "namespaces"):
        return
    words = str(answer.body.get("message") or answer.status)
    raise PermanentError("cluster_refused", f"The API server would refuse {found['kind']} {name}: {words}", words)


def _kind_of_missing(body: Any) -> object:
    return (body.get("details") or {}).get("kind") if isinstance(body, dict) else None


def _base(version: str) -> str:
    return f"/apis/{version}" if "/" in version else f"/api/{version}"
