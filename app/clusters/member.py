"""The client for the API of one member cluster.

Every request returns an answer or raises a `TemporaryError`: the member cannot be used now. A refused read says nothing
about a release, so it is a `TemporaryError` too, whatever its status. If the service account of a group may not read
something, that is a `PermanentError`.
"""

import asyncio
import copy
import re
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self
from urllib.parse import quote

import aiohttp

from app.clusters.answers import parsed, read_word
from app.clusters.changes import METADATA_ONLY
from app.clusters.connections import ConnectionPool, judge_of, tls_context, uid_of
from app.clusters.errors import expired, refusal_of, refuse_redirect, refused_now, unreachable
from app.clusters.kubeconfig import Access
from app.clusters.proof import KUBE_SYSTEM, KUBE_SYSTEM_CACHED, ProofAnswer
from app.clusters.refusals import Refusal, RefusalKind
from app.clusters.service_accounts import ServiceAccount, forbidden
from app.core.errors import TemporaryError
from app.network.addresses import Policy
from app.releases.error_codes import ActionCode

_NOT_NOW = (
    RefusalKind.UNAUTHENTICATED,
    RefusalKind.THROTTLED,
    RefusalKind.UNAVAILABLE,
    RefusalKind.FAILED,
)
"""Refusals that do not depend on the request."""


class Purpose(StrEnum):
    """What requests are for. Each purpose has connections of its own, so that none delays another."""

    RELEASES = "RELEASES"
    RESOURCES = "RESOURCES"  # objects of releases
    LOGS = "LOGS"  # each log that is followed needs a connection
    WORKFLOWS = "WORKFLOWS"  # objects of steps, of which each may have a watch


_CONNECTIONS = {Purpose.RELEASES: 3, Purpose.RESOURCES: 20, Purpose.LOGS: 64, Purpose.WORKFLOWS: 200}
"""Connections to one member, at most. For releases: a watch, and two for requests; each costs a TLS handshake and
buffers. For resources: up to 12 watches of kinds, up to 4 of pods, and the rest for requests. For workflows:
two watches and a log for each of the 64 steps that a worker executes at once, and the rest for requests."""
_KEPT_ALIVE = {Purpose.RELEASES: 60.0, Purpose.RESOURCES: 20.0, Purpose.LOGS: 20.0, Purpose.WORKFLOWS: 20.0}
"""Seconds for which a connection stays open between two requests. A handshake costs as much as a hundred pings, and an
open connection 60 KB. Quiet members are pinged on the connections for releases."""
_SILENCE = 10.0  # seconds after which a watch that should have ended is given up
_LONGEST_LINE = 2 * 2**20
_LARGEST_ANSWER = 8 * 2**20  # bytes; a record has 1.5 MiB at most, a page of heads less


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Any  # parsed JSON
    warnings: tuple[str, ...] = ()


class Member:
    """The connections to one member, which the caller has to `close`. A request waits at most `timeout` seconds for a
    connection, and as long again for its answer.

    Each connection proves that it leads to the cluster `uid` before any request is sent on it; without a `uid`, as
    before a cluster is registered, there is no proof. `name` is the cluster's name in errors.
    """

    def __init__(
        self, access: Access, policy: Policy, *, timeout: float, uid: str | None = None, name: str | None = None
    ) -> None:
        self.access = access
        self.seconds = timeout
        self._name = name
        self.policy = policy
        self.tls = tls_context(access)
        self.judge = judge_of(uid, name, self._note_answer) if uid is not None else None
        self._pools: dict[Purpose, ConnectionPool] = {}
        self._purpose = Purpose.RELEASES
        self._pool()
        self.account: ServiceAccount | None = None
        self.heard_at = 0.0
        """When it last answered anything, by `time.monotonic()`."""

    def _note_answer(self) -> None:
        self.heard_at = time.monotonic()

    def _pool(self) -> ConnectionPool:
        """The connections for this purpose, prepared when they are first needed."""
        found = self._pools.get(self._purpose)
        if found is None:
            found = self._pools[self._purpose] = ConnectionPool.open(
                self.access,
                self.policy,
                self.judge,
                seconds=self.seconds,
                limit=_CONNECTIONS[self._purpose],
                kept_alive=_KEPT_ALIVE[self._purpose],
                tls=self.tls,
            )
        return found

    def acting_as(self, account: ServiceAccount | None) -> "Member":
        """The same connections, with requests sent as a service account of the cluster, if it is not None. The proof of
        the cluster's identity always uses the cluster's own credentials."""
        acting = copy.copy(self)
        acting.account = account
        return acting

    def used_for(self, purpose: Purpose) -> "Member":
        """The same member over the connections of another purpose, which are closed together with it. Answers on them
        do not count as signs of life of the member."""
        found = copy.copy(self)
        found._purpose = purpose
        return found

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        for pool in self._pools.values():
            await pool.api.close()

    async def version(self) -> str:
        """The Kubernetes version, as v1.34.4."""
        return read_word(await self.get("/version"), "gitVersion")

    async def ping(self, *, seconds: float) -> None:
        """Checks that the member responds, and that it is still the same cluster. Any answer counts as a response.

        Raises:
            TemporaryError: if there is no answer in time, or another cluster answers.
        """
        limit = aiohttp.ClientTimeout(total=seconds, connect=seconds, sock_connect=min(seconds, 5))
        began = time.monotonic()
        try:
            status, _, body = await self._asked_again(limit) or await self._kube_system(limit)
        except TemporaryError:
            # A slow member may have no time left to answer on a new connection, but its proof was an answer, too.
            proven_at = self._pool().connector.proven_at
            if proven_at is None or proven_at < began:
                raise
            self.heard_at = proven_at
            return
        if status == 200:
            self._pool().connector.check(status, None, body)

    async def _asked_again(self, limit: aiohttp.ClientTimeout) -> ProofAnswer | None:
        """Reads the namespace kube-system on a connection that is not in use; None if that fails at once."""
        with self._connection_errors(limit):
            async with asyncio.timeout(limit.total):
                answer = await self._pool().connector.ask_again()
        if answer is not None:
            self._note_answer()
            refuse_redirect(answer[0])
        return answer

    async def _kube_system(self, limit: aiohttp.ClientTimeout) -> ProofAnswer:
        """Reads the namespace kube-system. This is frequent, so it does not use kubernetes-asyncio, which needs as much
        time to build a request as to send it."""
        with self._connection_errors(limit):
            api = self._pool().api
            async with api.rest_client.pool_manager.get(
                f"{self.access.server}{KUBE_SYSTEM_CACHED}",
                headers=api.default_headers | api.authorization,
                timeout=limit,
            ) as response:
                body = await _body(response)
                self._note_answer()
                return response.status, response.headers.get("Retry-After"), body

    async def uid(self) -> str:
        """The identity of a cluster, independent of its name: the uid of its kube-system namespace."""
        return uid_of(await self.get(KUBE_SYSTEM))

    async def has_namespace(self, name: str) -> bool:
        path = f"/api/v1/namespaces/{quote(name, safe='')}"
        answer = await self.request("GET", path, accept=METADATA_ONLY)
        return answer.status != 404 and expect_success(answer, f"GET {path} failed").status == 200

    async def get(self, path: str, *, query: list[tuple[str, str]] | None = None, accept: str | None = None) -> Any:
        answer = await self.request("GET", path, query=query, accept=accept)
        return expect_success(answer, f"GET {path} failed").body

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: list[tuple[str, str]] | None = None,
        body: Any = None,
        accept: str | None = None,
        content_type: str = "application/json",
        is_trial: bool = False,
    ) -> Answer:
        """Sends one request. A refusal is returned; with `is_trial` also a failure, such as that of a webhook, because
        it would refuse the object.

        Raises:
            TemporaryError: if the member is unreachable, throttles, or does not accept the credentials.
            PermanentError: if the service account of the request may not read this.
        """
        limit = _limit(self.seconds)
        async with self._response(method, path, query, body, accept, content_type, limit) as response:
            text = await _body(response)
        if response.status >= 400:
            refusal = refusal_of(response.status, text)
            is_forbidden = method == "GET" and refusal.kind is RefusalKind.FORBIDDEN
            if is_forbidden and (error := forbidden(self.account, refusal.words)):
                raise error
            is_refused = is_trial and refusal.kind is RefusalKind.FAILED and refusal.is_of_api_server
            if is_forbidden or (refusal.kind in _NOT_NOW and not is_refused):
                raise refused_now(refusal, response.headers.get("Retry-After"), self._name)
        return Answer(response.status, parsed(text), _warnings(response.headers.getall("Warning", [])))

    async def lines(
        self,
        path: str,
        selector: str,
        version: int,
        *,
        seconds: int,
        accept: str,
        silence: float | None = None,
        fields: str | None = None,
    ) -> AsyncGenerator[list[bytes]]:
        """The lines of a watch of what a label selector matches and, if given, a field selector, until the server ends
        it after so many seconds. Lines that arrive together are yielded
        together; the first list is empty, and is yielded once the watch is open. With `silence`, the watch fails if
        the server sends nothing for so many seconds.

        Raises:
            TemporaryError: if the watch fails, or the version is too old (WATCH_EXPIRED).
        """
        query = [
            ("watch", "1"),
            ("labelSelector", selector),
            ("resourceVersion", str(version)),
            ("allowWatchBookmarks", "true"),
            ("timeoutSeconds", str(seconds)),
            *([("fieldSelector", fields)] if fields is not None else []),
        ]
        limit = aiohttp.ClientTimeout(
            total=self.seconds + seconds + _SILENCE,
            connect=self.seconds,
            sock_connect=_limit(self.seconds).sock_connect,
            sock_read=silence,
        )
        async with self._response("GET", path, query, None, accept, "application/json", limit) as found:
            if found.status != 200:
                refusal = refusal_of(found.status, await _body(found))
                if refusal.kind is RefusalKind.EXPIRED:
                    raise expired(refusal)
                raise refused_now(refusal, found.headers.get("Retry-After"), self._name)
            yield []
            rest = b""
            async for chunk in found.content.iter_any():
                self._note_answer()
                *lines, rest = (rest + chunk).split(b"\n")
                if len(rest) > _LONGEST_LINE:
                    raise TemporaryError(
                        ActionCode.WATCH_UNREADABLE, f"A change of more than {_LONGEST_LINE} bytes came."
                    )
                if lines := [line for line in lines if line]:
                    yield lines
            if rest:
                raise TemporaryError(
                    ActionCode.WATCH_UNREADABLE, "The API server ended a watch in the middle of a change."
                )

    async def text(self, path: str, query: list[tuple[str, str]], *, seconds: float | None) -> AsyncGenerator[bytes]:
        """The bytes of an answer that is not JSON, as they arrive; without `seconds`, for as long as the server sends
        some. Nothing of it is kept here.

        Raises:
            TemporaryError: if the member is unreachable or refuses.
            PermanentError: if the service account of the request may not read this.
        """
        limit = aiohttp.ClientTimeout(
            total=seconds, connect=self.seconds, sock_connect=_limit(self.seconds).sock_connect
        )
        async with self._response("GET", path, query, None, "*/*", "application/json", limit) as found:
            if found.status >= 400:
                refusal = refusal_of(found.status, await _body(found))
                if refusal.kind is RefusalKind.FORBIDDEN and (error := forbidden(self.account, refusal.words)):
                    raise error
                if refusal.kind in _NOT_NOW or refusal.kind is RefusalKind.FORBIDDEN:
                    raise refused_now(refusal, found.headers.get("Retry-After"), self._name)
                raise TemporaryError(ActionCode.CLUSTER_REFUSED, refusal.words, refusal.words)
            async for chunk in found.content.iter_any():
                yield chunk

    @asynccontextmanager
    async def _response(
        self,
        method: str,
        path: str,
        query: list[tuple[str, str]] | None,
        body: Any,
        accept: str | None,
        content_type: str,
        limit: aiohttp.ClientTimeout,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        headers = {"Accept": accept or "application/json", "Content-Type": content_type}
        if self.account is not None:
            headers |= self.account.headers
        if self._pool().connector.needs_proof:
            self._pool().connector.check(*await self._kube_system(_limit(self.seconds)))
        with self._connection_errors(limit):
            response: aiohttp.ClientResponse = await self._pool().api.call_api(
                path,
                method,
                query_params=query or [],
                header_params=headers,
                body=body,
                auth_settings=["BearerToken"],
                _preload_content=False,
                _request_timeout=limit,
            )
            self._note_answer()
            async with response:
                yield response

    @contextmanager
    def _connection_errors(self, limit: aiohttp.ClientTimeout) -> Iterator[None]:
        """Raises connection errors and timeouts as TemporaryError."""
        try:
            yield
        except TimeoutError:
            raise TemporaryError(
                ActionCode.CLUSTER_UNREACHABLE, f"The API server did not answer within {limit.connect:g} s."
            ) from None
        except (aiohttp.ClientError, OSError) as error:
            raise unreachable(error) from None


async def _body(response: aiohttp.ClientResponse) -> bytes:
    """The whole answer, up to a size limit: a member must not exhaust the memory of the process."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > _LARGEST_ANSWER:
            response.close()
            raise TemporaryError(
                ActionCode.CLUSTER_UNREACHABLE, f"The API server answers with more than {_LARGEST_ANSWER:,} bytes."
            )
    return bytes(body)


def _limit(seconds: float) -> aiohttp.ClientTimeout:
    """So many seconds for the connection, and as many again for the answer, so that a connection whose proof is slow
    leaves the request its time."""
    return aiohttp.ClientTimeout(total=2 * seconds, connect=seconds, sock_connect=min(seconds, 5), sock_read=seconds)


def _warnings(headers: list[str]) -> tuple[str, ...]:
    """The texts of headers such as `299 - "unknown field"`, at most 50 of them."""
    matches = (re.fullmatch(r'\d+ \S+ "(.*)"', header) for header in headers[:50])
    return tuple(re.sub(r"\\(.)", r"\1", match[1])[:1000] for match in matches if match)


def expect_success(answer: Answer, message: str) -> Answer:
    if 200 <= answer.status < 300:
        return answer
    refusal = Refusal.of(answer.status, answer.body)
    if refusal.kind is RefusalKind.EXPIRED:
        raise expired(refusal)
    raise TemporaryError(ActionCode.CLUSTER_REFUSED, f"{message}: {refusal.words}", refusal.words)
