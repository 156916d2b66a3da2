"""Server-side apply of single objects, as Helm's own field manager (docs/decisions/live-drift.md)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from app.clusters.member import Member
from app.clusters.objects import Object, ObjectType, checked_object
from app.clusters.refusals import Refusal
from app.drift.wanted import FIELD_MANAGER
from app.releases.texts import without_objects

_QUERY = [("fieldManager", FIELD_MANAGER), ("force", "true")]
_DRY_RUN = [("dryRun", "All")]
_APPLY = "application/apply-patch+yaml"


@dataclass(frozen=True, slots=True)
class Applied:
    """The object after applying; or None, with the status and the API server's words."""

    found: Object | None
    status: int = 200
    words: str = ""

    @property
    def is_conflict(self) -> bool:
        """Whether the object has changed since it was read."""
        return self.status == 409


async def apply(
    member: Member, kind: ObjectType, namespace: str, name: str, wanted: Mapping[str, Any], *, dry_run: bool
) -> Applied:
    """Applies an object, or only asks the API server what applying it would result in. Takes over fields that others
    have set. If `wanted` has a resource version, an object that has changed since is refused.

    Raises:
        TemporaryError: if the member can't be reached, throttles, or does not accept the credentials.
    """
    path = f"{kind.path_in(namespace)}/{quote(name, safe='')}"
    query = _QUERY + (_DRY_RUN if dry_run else [])
    answer = await member.request("PATCH", path, query=query, body=wanted, content_type=_APPLY, is_trial=dry_run)
    return _read(answer.status, answer.body, kind, name)


async def create(member: Member, kind: ObjectType, namespace: str, name: str, wanted: Mapping[str, Any]) -> Applied:
    """Creates an object, as Helm does.

    Raises:
        TemporaryError: as `apply`.
    """
    answer = await member.request("POST", kind.path_in(namespace), query=[("fieldManager", FIELD_MANAGER)], body=wanted)
    return _read(answer.status, answer.body, kind, name)


def _read(status: int, body: Any, kind: ObjectType, name: str) -> Applied:
    if status >= 300:
        return Applied(None, status, without_objects(Refusal.of(status, body).words))
    return Applied(checked_object(body, kind, name), status)
