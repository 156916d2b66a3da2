"""Dry runs of the server-side apply of single objects, as Helm's own field manager
(docs/decisions/live-drift.md)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from app.clusters.member import Member
from app.clusters.objects import Object, ObjectType, checked_object
from app.clusters.refusals import Refusal
from app.drift.wanted import FIELD_MANAGER
from app.releases.texts import without_objects

_QUERY = [("fieldManager", FIELD_MANAGER), ("force", "true"), ("dryRun", "All")]
_APPLY = "application/apply-patch+yaml"


@dataclass(frozen=True, slots=True)
class Applied:
    """The object as applying would leave it; or None, with the status and the API server's words."""

    found: Object | None
    status: int = 200
    words: str = ""


async def try_apply(member: Member, kind: ObjectType, namespace: str, name: str, wanted: Mapping[str, Any]) -> Applied:
    """Asks the API server what applying an object would result in. The object stays as it is.

    Raises:
        TemporaryError: if the member can't be reached, throttles, or does not accept the credentials.
    """
    path = f"{kind.path_in(namespace)}/{quote(name, safe='')}"
    answer = await member.request("PATCH", path, query=_QUERY, body=wanted, content_type=_APPLY, is_trial=True)
    if answer.status >= 300:
        return Applied(None, answer.status, without_objects(Refusal.of(answer.status, answer.body).words))
    return Applied(checked_object(answer.body, kind, name), answer.status)
