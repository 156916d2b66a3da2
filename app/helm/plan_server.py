"""The API server that Helm talks to while it renders a plan.

It has the version and the kinds of a member, and the member's release, but none of its objects: what is rendered is
therefore the same for every member with the same version and kinds. For charts whose templates look up objects, these
requests are passed on to the member.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable

import orjson

from app.clusters.discovery import AGGREGATED, Discovery
from app.clusters.kubeconfig import Access
from app.clusters.member import Answer
from app.clusters.service_accounts import ServiceAccount
from app.core.errors import ActionError, PermanentError
from app.helm.loopback import LoopbackServer
from app.helm.status import refusal_body
from app.network.addresses import Allowed, Kind, Policy
from app.releases.storage import SECRET_TYPE, packed, secret_name, secrets_path

Ask = Callable[[str], Awaitable[Answer]]
"""Sends a GET to the member, by path and query."""

_IDLE_SECONDS = 60.0


class PlanServer(LoopbackServer):
    """`account` is the service account that `ask` uses."""

    def __init__(
        self, discovery: Discovery, release: "Release", ask: Ask | None = None, account: ServiceAccount | None = None
    ) -> None:
        super().__init__()
        self._discovery = discovery
        self._release = release
        self._ask = ask
        self.account = account
        self.policy = Policy(frozenset({Kind.LOOPBACK}), Allowed())
        self.tls = None
        self.judge = None
        self.seconds = _IDLE_SECONDS

    @property
    def access(self) -> Access:
        """The address of this server. The secret path keeps other users of this machine out."""
        server = f"http://127.0.0.1:{self.port}/{self.password}"
        return Access(server=server, ca=None, token=None, certificate=None, key=None)

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
            return  # Helm has disconnected, or the client is not Helm

    async def _answer(self, head: bytes) -> tuple[int, str, bytes]:
        method, _, rest = head.decode("latin-1").partition("\r\n")[0].partition(" ")
        password, _, target = rest.partition(" ")[0].removeprefix("/").partition("/")
        if not secrets.compare_digest(password, self.password):
            return (
                400,
                "application/json",
                refusal_body(400, "The path does not contain the password of this server.", "BadRequest"),
            )
        target = f"/{target}"
        if method != "GET":
            return 400, "application/json", refusal_body(400, "A plan does not write to the cluster.", "BadRequest")
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
        if path == secrets_path(self._release.namespace) and "owner" in query:
            return 200, "application/json", orjson.dumps(self._release.records())
        if self._ask is None or not path.startswith(("/api/", "/apis/")):
            return 404, "application/json", refusal_body(404, f"There is no {path}.", "NotFound")
        try:
            answer = await self._ask(target)
        except PermanentError as error:
            return 403, "application/json", refusal_body(403, error.output or error.message, "Forbidden")
        except ActionError as error:
            return 503, "application/json", refusal_body(503, error.message, "ServiceUnavailable")
        return answer.status, "application/json", orjson.dumps(answer.body)


class Release:
    """A release as Helm's records show it: its latest revision, or 0 if there is none yet."""

    def __init__(self, namespace: str, name: str, revision: int) -> None:
        self.namespace = namespace
        self._name = name
        self._revision = revision

    def records(self) -> dict[str, object]:
        """The list of its records. It has only that of the latest revision, with an empty manifest."""
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
        labels = {"owner": "helm", "name": self._name, "status": "deployed", "version": str(self._revision)}
        name = secret_name(self._name, self._revision)
        return {
            "metadata": {"name": name, "namespace": self.namespace, "labels": labels},
            "type": SECRET_TYPE,
            "data": {"release": packed(orjson.dumps(record), level=1)},
        }


_LONG_AGO = "2020-01-01T00:00:00Z"
