"""The HTTPS server: each member's API below `/members/NAME`, and the simulator's own below `/simulator`."""

from __future__ import annotations

import asyncio
import hmac
import logging
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

from simulator import access, bodies, discovery, lists, versions, views
from simulator.errors import ApiError, forbidden, internal, plain, throttled, too_large, unauthorized, unknown_path
from simulator.logs import At, LogRequest, container_of
from simulator.operations import Deletion
from simulator.requests import Ask, split, understand
from simulator.stream import Stream, cut
from simulator.watch import Watch

if TYPE_CHECKING:
    from simulator.member import Member
    from simulator.records import Object

LIMIT = 3 * 1024 * 1024
"""The maximum size of a request's body, in bytes: the default of the real server's --max-request-bytes."""

WATCH_SECONDS = 1800.0
"""How long a watch lasts without a given time. The real server chooses 30 to 60 minutes at random."""

_log = logging.getLogger(__name__)
_JSON = {"Content-Type": "application/json"}


def answer(content: Any, status: int = 200) -> web.Response:
    return web.Response(body=orjson.dumps(content), status=status, headers=_JSON)


def failure(error: ApiError) -> web.Response:
    response = answer(error.status(), error.code)
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


class Api:
    """The Kubernetes API of all members."""

    def __init__(self, members: dict[str, Member], *, bookmark_interval: float) -> None:
        self.members = members
        self.bookmark_interval = bookmark_interval
        self.streams: set[Stream] = set()
        self.stopping = False

    def stop(self) -> None:
        """Ends the watches and the hanging requests, so that the server can close."""
        self.stopping = True
        for stream in self.streams:
            stream.stop()
        for member in self.members.values():
            member.logs.stop()
            for listener in member.faults.listeners:
                listener.set()

    async def handle(self, http: web.BaseRequest) -> web.StreamResponse:
        steps, query = split(http.raw_path)
        member = self.members.get(steps[1]) if len(steps) > 2 and steps[0] == "members" else None
        if member is None:
            return failure(unknown_path())
        steps = steps[2:]
        try:
            refusal: ApiError | None = None
            try:
                ask = understand(http.method, steps, query, member.catalog)
            except ApiError as error:  # reported only to authorized callers
                ask, refusal = None, error
            member.requests[f"{ask.verb} {ask.resource.qualified}" if ask else f"get /{'/'.join(steps)}"] += 1
            if not await self._let_through(member, http):
                return web.Response(status=503)
            self._authorize(member, http, ask)
            if refusal is not None:
                raise refusal
            if ask is None:
                return self._describe(member, http, steps)
            return await self._do(member, http, ask)
        except ApiError as error:
            return failure(error)
        except web.HTTPRequestEntityTooLarge:
            return failure(too_large(LIMIT))
        except Exception:
            _log.exception("%s %s", http.method, http.raw_path)
            return failure(internal())

    async def _let_through(self, member: Member, http: web.BaseRequest) -> bool:
        """Whether the request continues. Otherwise a fault has closed its connection."""
        faults = member.faults
        if faults.hang:
            change = asyncio.Event()
            faults.listeners.add(change)
            try:
                while faults.hang and not faults.down and not self.stopping:
                    change.clear()
                    await change.wait()
            finally:
                faults.listeners.discard(change)
            cut(http)
            return False
        if faults.latency:
            await asyncio.sleep(faults.latency)
        if faults.down:
            cut(http)
            return False
        return True

    def _authorize(self, member: Member, http: web.BaseRequest, ask: Ask | None) -> None:
        scheme, _, token = http.headers.get("Authorization", "").partition(" ")
        known = hmac.compare_digest(token.strip().encode(), member.token.encode())
        if scheme.lower() != "bearer" or not known or member.faults.unauthorized:
            raise unauthorized()
        if member.faults.throttled:
            raise throttled(int(member.faults.throttled))
        if member.faults.forbidden and ask is not None and ask.resource.key == ("", "secrets"):
            raise forbidden(access.USER, ask.verb, ask.resource, ask.namespace, ask.name)

    def _describe(self, member: Member, http: web.BaseRequest, steps: list[str]) -> web.Response:
        """Answers requests that are not about objects."""
        content: Any
        match steps:
            case ["version"]:
                content = discovery.version(member.kubernetes_version)
            case ["healthz" | "readyz" | "livez", *_]:
                return web.Response(text="ok")
            case ["api"]:
                content = discovery.core_versions(http.host)
            case ["api", version]:
                content = discovery.resources(member.catalog, "", version)
            case ["apis"]:
                content = discovery.groups(member.catalog)
            case ["apis", group]:
                content = discovery.group(member.catalog, group)
            case ["apis", group, version]:
                content = discovery.resources(member.catalog, group, version)
            case ["openapi", "v2"]:
                content_type, body = discovery.openapi_v2(http.headers.get("Accept", ""))
                return web.Response(body=body, headers={"Content-Type": content_type})
            case ["openapi", "v3"]:
                content = {"paths": {}}
            case _:
                content = None
        if content is None:
            raise unknown_path()
        return answer(content)

    async def _do(self, member: Member, http: web.BaseRequest, ask: Ask) -> web.StreamResponse:
        operations, resource = member.operations, ask.resource
        namespace = ask.namespace or ""
        view = views.negotiate(http.headers.get("Accept", ""))
        include = ask.query.get("includeObject", "Metadata")
        status = 200
        match ask.verb:
            case "get":
                versions.check(ask.query.get("resourceVersion", ""), member.store.version, plain)
                record = operations.get(resource, namespace, ask.name)
                if ask.log:
                    return await self._log(member, http, ask, record.object())
            case "list":
                return lists.answer(member, ask, view, include)
            case "watch":
                return await self._watch(member, http, ask, view, include)
            case "create":
                obj = await bodies.read(http)
                if resource.verbs == ("create",):
                    reviewed = access.review(resource, obj, secrets_forbidden=member.faults.forbidden)
                    return answer(reviewed, 201)
                record = operations.create(resource, namespace, obj, dry_run=ask.dry_run)
                status = 201
            case "update":
                obj = await bodies.read(http)
                record = operations.update(resource, namespace, ask.name, obj, status=ask.status, dry_run=ask.dry_run)
            case "patch":
                content_type = http.content_type
                patch = await bodies.read_patch(http, ask)
                record, created = operations.patch(
                    resource, namespace, ask.name, content_type, patch, status=ask.status, dry_run=ask.dry_run
                )
                status = 201 if created else 200
            case _:
                return await _delete(member, http, ask, view)
        return web.Response(body=views.one(view, resource, record, include), status=status, headers=_JSON)

    async def _watch(
        self, member: Member, http: web.BaseRequest, ask: Ask, view: views.View, include: str
    ) -> web.StreamResponse:
        version, initial = versions.watched(ask)
        bookmarks = ask.truth("allowWatchBookmarks")
        watch = Watch(member.store, ask.resource, ask.selection, view, include)
        watch.start(version, initial=initial, closing_bookmark=bookmarks and ask.truth("sendInitialEvents"))
        stream = Stream(http, watch, member.faults, bookmark_interval=self.bookmark_interval if bookmarks else None)
        self.streams.add(stream)
        try:
            return await stream.run(float(ask.query.get("timeoutSeconds") or WATCH_SECONDS))
        finally:
            self.streams.discard(stream)

    async def _log(self, member: Member, http: web.BaseRequest, ask: Ask, pod: Object) -> web.StreamResponse:
        container = container_of(pod, ask.query.get("container", ""))
        if not pod["spec"].get("nodeName"):
            return web.Response(status=204)
        asked, at = LogRequest.of(ask.query), At(ask.namespace or "", ask.name, container)
        member.logs.run(at, previous=asked.previous)
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        with suppress(ConnectionError):  # the client may go at any time
            await response.prepare(http)
            async with aclosing(member.logs.read(at, asked)) as lines:
                async for text in lines:
                    await response.write(text)
        return response


async def _delete(member: Member, http: web.BaseRequest, ask: Ask, view: views.View) -> web.Response:
    options = await bodies.read(http) if http.body_exists and await http.read() else {}
    deletion = Deletion.of(options, dry_run=ask.dry_run, propagation=ask.query.get("propagationPolicy", ""))
    resource = ask.resource
    if ask.verb == "deletecollection":
        records = member.operations.delete_all(resource, ask.selection, deletion)
        metadata = {"resourceVersion": str(member.store.version)}
        return web.Response(body=views.many(view, resource, records, metadata), headers=_JSON)
    record, gone = member.operations.delete(resource, ask.namespace or "", ask.name, deletion)
    if not gone or resource.kind in ("Namespace", "Pod"):
        return web.Response(body=views.one(view, resource, record), headers=_JSON)
    details = {"name": ask.name, "group": resource.group, "kind": resource.plural, "uid": record.uid}
    details = {key: value for key, value in details.items() if value}
    return answer({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details})
