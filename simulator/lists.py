"""Lists, whole or in pages."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

from simulator import versions, views
from simulator.errors import ApiError, bad_request, expired

if TYPE_CHECKING:
    from simulator.member import Member
    from simulator.requests import Ask


def _bad_version(why: str) -> ApiError:
    return bad_request(f"invalid resource version: {why}")


def answer(member: Member, ask: Ask, view: views.View, include: str) -> web.Response:
    versions.check(ask.query.get("resourceVersion", ""), member.store.version, _bad_version)
    selection = ask.selection
    records = member.store.collection(ask.resource.key).select(selection)
    version, start = _continued(ask.query.get("continue", ""), member)
    if start is not None:
        records = [record for record in records if (record.namespace, record.name) > start]
    metadata: dict[str, Any] = {"resourceVersion": str(version)}
    limit = int(ask.query.get("limit") or 0)
    if 0 < limit < len(records):
        last = records[limit - 1]
        metadata["continue"] = base64.urlsafe_b64encode(orjson.dumps([version, last.namespace, last.name])).decode()
        if not selection.labels and not selection.fields:
            metadata["remainingItemCount"] = len(records) - limit
        records = records[:limit]
    return web.Response(
        body=views.many(view, ask.resource, records, metadata, include), headers={"Content-Type": "application/json"}
    )


def _continued(token: str, member: Member) -> tuple[int, tuple[str, str] | None]:
    """The version of the list's first page, from which a watch starts, and the last object sent.

    Later pages show later states. Such a watch repeats what changed in the meantime, so that nothing is missed.
    """
    if not token:
        return member.store.version, None
    try:
        version, namespace, name = orjson.loads(base64.urlsafe_b64decode(token))
    except ValueError as error:
        raise bad_request("invalid continue token: continue key is not valid") from error
    if version < member.store.start:
        raise expired("The provided continue parameter is too old")
    return version, (namespace, name)
