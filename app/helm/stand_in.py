"""The API server that Helm talks to while it renders a plan.

It has the version and the kinds of a member, and the member's release, but none of its objects: so what is rendered
holds for every member with the same version and kinds. For charts whose templates look up objects, requests for these
are passed on to the member.
"""

import asyncio
import base64
import gzip
import secrets
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

import orjson

from app.clusters.discovery import AGGREGATED, Discovery
from app.clusters.kubeconfig import Access
from app.clusters.member import Answer
from app.clusters.service_accounts import ServiceAccount
from app.core.errors import ActionError, PermanentError
from app.network.addresses import Allowed, Kind, Policy

Ask = Callable[[str], Awaitable[Answer]]
"""Sends a GET to the member, by path and query."""

_LONGEST_HEAD = 64 * 1024
_IDLE_SECONDS = 60.0
_RECORD_TYPE = "helm.sh/release.v1"


class StandIn:
    """An asynchronous context, in which it listens on this machine. `account` is the service account by which `ask`
    asks."""

    def __init__(
        self, discovery: Discovery, release: "Release", ask: Ask | None = None, account: ServiceAccount | None = None
    ) -> None:
        self._password = secrets.token_urlsafe(32)
        self._discovery = discovery
        self._release = release
        self._ask = ask
        self.account = account
        self._served: set[asyncio.Task[None]] = set()
        self.policy = Policy(frozenset({Kind.LOOPBACK}), Allowed())
        self.tls = None
        self.judge = None
        self.seconds = _IDLE_SECONDS

    @property
    def access(self) -> Access:
        """Its address. The path keeps others on this machine out."""
        server = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/{self._password}"
        return Access(server=server, ca=None, token=None, certificate=None, key=None)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=_LONGEST_HEAD)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in self._served:
            task.cancel()
        await asyncio.gather(*self._served, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._served.add(task)
        task.add_done_callback(self._served.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                async with asyncio.timeout(_IDLE_SECONDS):
                    head = await reader.readuntil(b"\r\n\r\n")
                status, kind, body = await self._answer(head)
                writer.write(
                    f"HTTP/1.1 {status} -\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
                    + body
                )
                await writer.drain()
                if status == 400:
                    return
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return  # Helm has gone, or it is not Helm
        finally:
            writer.close()

    async def _answer(self, head: bytes) -> tuple[int, str, bytes]:
        method, _, rest = head.decode("latin-1").partition("\r\n")[0].partition(" ")
        password, _, target = rest.partition(" ")[0].removeprefix("/").partition("/")
        if not secrets.compare_digest(password, self._password):
            return 400, "application/json", _status(400, "BadRequest", "This is not for you.")
        target = f"/{target}"
        if method != "GET":
            return 400, "application/json", _status(400, "BadRequest", "Nothing is written while a plan is made.")
        path, _, query = target.partition("?")
        return await self._get(path, query, target)

    async def _get(self, path: str, query: str, target: str) -> tuple[int, str, bytes]:
        found = self._discovery
        match path.rstrip("/"):
            case "/version":
                return 200, "application/json", orjson.dumps(dict(found.version))
            case "/api":
                return 200, AGGREGATED, found.document(found.core)
            case "/apis":
                return 200, AGGREGATED, found.document(found.named)
        if path == f"/api/v1/namespaces/{self._release.namespace}/secrets" and "owner" in query:
            return 200, "application/json", orjson.dumps(self._release.records())
        if self._ask is None or not path.startswith(("/api/", "/apis/")):
            return 404, "application/json", _status(404, "NotFound", f"There is no {path}.")
        try:
            answer = await self._ask(target)
        except PermanentError as error:
            return 403, "application/json", _status(403, "Forbidden", error.output or error.message)
        except ActionError as error:
            return 503, "application/json", _status(503, "ServiceUnavailable", error.message)
        return answer.status, "application/json", orjson.dumps(answer.body)


class Release:
    """A release as Helm's records tell of it: its latest revision, or none yet (0)."""

    def __init__(self, namespace: str, name: str, revision: int) -> None:
        self.namespace = namespace
        self._name = name
        self._revision = revision

    def records(self) -> dict[str, object]:
        """The list of its records: that of the latest revision alone, with nothing in its manifest."""
        items = [self._record()] if self._revision else []
        return {"kind": "SecretList", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": items}

    def _record(self) -> dict[str, object]:
        record = {
            "name": self._name,
            "namespace": self.namespace,
            "version": self._revision,
            "info": {"status": "deployed", "first_deployed": _LONG_AGO, "last_deployed": _LONG_AGO},
            "chart": {"metadata": {"name": "installed", "version": "0.0.0", "apiVersion": "v2"}},
            "config": {},
            "manifest": "",
        }
        packed = base64.b64encode(base64.b64encode(gzip.compress(orjson.dumps(record), compresslevel=1)))
        labels = {"owner": "helm", "name": self._name, "status": "deployed", "version": str(self._revision)}
        name = f"sh.helm.release.v1.{self._name}.v{self._revision}"
        return {
            "metadata": {"name": name, "namespace": self.namespace, "labels": labels},
            "type": _RECORD_TYPE,
            "data": {"release": packed.decode()},
        }


_LONG_AGO = "2020-01-01T00:00:00Z"


def _status(code: int, reason: str, message: str) -> bytes:
    return orjson.dumps(
        {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "message": message, "code": code}
    )
