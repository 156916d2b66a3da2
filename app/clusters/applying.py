"""Server-side apply, patches and deletions of single objects: of releases, as Helm's own field manager
(docs/decisions/live-drift.md), and for steps of workflows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import quote

from app.clusters.member import Answer, Member, expect_success
from app.clusters.objects import Object, ObjectType, checked_object
from app.clusters.refusals import Refusal
from app.drift.wanted import FIELD_MANAGER
from app.releases.texts import without_objects

OWN_MANAGER = "polyhelm"
"""The field manager of what steps of workflows write."""

_MANAGER = [("fieldManager", FIELD_MANAGER)]
_DRY_RUN = [*_MANAGER, ("force", "true"), ("dryRun", "All")]
_TRIED_PATCH = [*_MANAGER, ("dryRun", "All")]
_APPLY = "application/apply-patch+yaml"
_INVALID = (400, 422, 500)  # 500 is also the answer to an object that cannot be applied at all


class PatchType(StrEnum):
    MERGE = "application/merge-patch+json"
    JSON = "application/json-patch+json"
    STRATEGIC = "application/strategic-merge-patch+json"


class Propagation(StrEnum):
    """What happens to the objects that a deleted object owns."""

    BACKGROUND = "Background"
    FOREGROUND = "Foreground"
    ORPHAN = "Orphan"


@dataclass(frozen=True, slots=True)
class Applied:
    """The object as applying has left it, or would leave it; or None, with the status and the API server's words."""

    found: Object | None
    status: int = 200
    words: str = ""

    @property
    def is_conflict(self) -> bool:
        """Whether the object has changed since it was read, or has fields that another manager owns."""
        return self.status == 409

    @property
    def is_missing(self) -> bool:
        """Whether there is no such object, or no such namespace."""
        return self.status == 404

    @property
    def is_invalid(self) -> bool:
        """Whether the API server refuses the object as applying would leave it."""
        return self.found is None and self.status in _INVALID


async def try_apply(member: Member, kind: ObjectType, namespace: str, name: str, wanted: Mapping[str, Any]) -> Applied:
    """Asks the API server what applying an object would result in. The object stays as it is.

    Raises:
        TemporaryError: if the member cannot be reached, throttles, or does not accept the credentials.
    """
    path = _path(kind, namespace, name)
    answer = await member.request("PATCH", path, query=_DRY_RUN, body=wanted, content_type=_APPLY, is_trial=True)
    return _read(answer, kind, name)


async def apply(
    member: Member,
    kind: ObjectType,
    namespace: str,
    name: str,
    wanted: Mapping[str, Any],
    *,
    manager: str = FIELD_MANAGER,
    force: bool = True,
) -> Applied:
    """Applies an object, and takes over fields that others have set; without `force`, the API server refuses that, and
    names the other managers. If `wanted` has a resource version, the API server refuses to change an object that has
    another one.

    Raises:
        TemporaryError: as `try_apply`.
    """
    path = _path(kind, namespace, name)
    query = [("fieldManager", manager), *([("force", "true")] if force else [])]
    answer = await member.request("PATCH", path, query=query, body=wanted, content_type=_APPLY)
    return _read(answer, kind, name)


async def try_patch(
    member: Member, kind: ObjectType, namespace: str, name: str, operations: Sequence[Mapping[str, Any]]
) -> Applied:
    """Asks the API server what a JSON patch would result in. The object stays as it is.

    Raises:
        TemporaryError: as `try_apply`.
    """
    path = _path(kind, namespace, name)
    answer = await member.request(
        "PATCH", path, query=_TRIED_PATCH, body=operations, content_type=PatchType.JSON.value, is_trial=True
    )
    return _read(answer, kind, name)


async def patch(
    member: Member,
    kind: ObjectType,
    namespace: str,
    name: str,
    body: Sequence[Mapping[str, Any]] | Mapping[str, Any],
    *,
    patch_type: PatchType = PatchType.JSON,
    manager: str = FIELD_MANAGER,
) -> Applied:
    """Changes an object by a patch. If it sets a resource version, the API server refuses to change an object that has
    another one.

    Raises:
        TemporaryError: as `try_apply`.
    """
    path, query = _path(kind, namespace, name), [("fieldManager", manager)]
    answer = await member.request("PATCH", path, query=query, body=body, content_type=patch_type.value)
    return _read(answer, kind, name)


async def create(
    member: Member,
    kind: ObjectType,
    namespace: str,
    name: str,
    wanted: Mapping[str, Any],
    *,
    manager: str = FIELD_MANAGER,
) -> Applied:
    """Creates an object, by default as Helm does. The API server refuses if it exists.

    Raises:
        TemporaryError: as `try_apply`.
    """
    answer = await member.request("POST", kind.path_in(namespace), query=[("fieldManager", manager)], body=wanted)
    return _read(answer, kind, name)


async def delete(
    member: Member,
    kind: ObjectType,
    namespace: str,
    name: str,
    *,
    propagation: Propagation = Propagation.BACKGROUND,
    uid: str | None = None,
) -> None:
    """Deletes an object and then, in the background, what it owns. It may be missing already. With a `uid`, the API
    server refuses to delete another object of this name.

    Raises:
        TemporaryError: as `try_apply`, or if the API server refuses.
    """
    query, body = [("propagationPolicy", propagation.value)], None
    if uid is not None:  # options in a body are not read from the query
        body = {"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": {"uid": uid}, **dict(query)}
        query = []
    answer = await member.request("DELETE", _path(kind, namespace, name), query=query, body=body)
    if answer.status != 404:
        expect_success(answer, f"The API server refuses to delete {name}")


def _path(kind: ObjectType, namespace: str, name: str) -> str:
    return f"{kind.path_in(namespace)}/{quote(name, safe='')}"


def _read(answer: Answer, kind: ObjectType, name: str) -> Applied:
    if answer.status >= 300:
        return Applied(None, answer.status, without_objects(Refusal.of(answer.status, answer.body).words))
    return Applied(checked_object(answer.body, kind, name), answer.status)
