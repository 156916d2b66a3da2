"""The client for the API of one member cluster. It uses kubernetes-asyncio, which no other module does.

Every request returns an answer or raises a `TemporaryError`: the member can't be used now. A refused read says nothing
about a release, so it is a `TemporaryError` too, whatever its status. If the service account of a group may not read
something, that is a `PermanentError`.
"""

import asyncio
import copy
import re
import ssl
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Container, Iterable, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import quote, urlsplit

import aiohttp
from kubernetes_asyncio.client import ApiClient, Configuration
from kubernetes_asyncio.client.rest import RESTClientObject

from app.clusters.answers import Page, asked_pause, has_items, parsed, read_field, read_page, read_secret, read_word
from app.clusters.changes import METADATA_ONLY, METADATA_ONLY_LIST, Change, Head, read_changes
from app.clusters.kubeconfig import Access
from app.clusters.proof import KUBE_SYSTEM, Judge, ProvenConnector
from app.clusters.reading import read_apart
from app.clusters.refusals import Refusal, RefusalKind, not_now
from app.clusters.service_accounts import ServiceAccount, forbidden
from app.core.errors import TemporaryError
from app.core.files import nameless
from app.network.addresses import AddressRefusedError, Policy
from app.network.outgoing import checked_socket
from app.releases.error_codes import ActionCode
from app.releases.release import Observed
from app.releases.storage import secret_path, secrets_path
from app.tables.columns import now

_NOT_NOW = (
    RefusalKind.UNAUTHENTICATED,
    RefusalKind.THROTTLED,
    RefusalKind.UNAVAILABLE,
    RefusalKind.FAILED,
)
"""Refusals that do not depend on the request."""
_PAGE = 500
_CONNECTIONS = 3  # at most, to one member: a watch, and two for requests; each costs a TLS handshake and buffers
_CONNECTIONS_ASIDE = 16
"""Connections to one member for its resources, of which watches use at most 12."""

_CONNECTIONS_FOR_LOGS = 64
_KEPT_ALIVE = 60.0  # seconds without a request; a handshake costs as much as a hundred pings
_SILENCE = 10.0  # seconds after which a watch that should have ended is given up
_LONGEST_LINE = 2 * 2**20
_LARGEST_ANSWER = 8 * 2**20  # bytes; a record has 1.5 MiB at most, a page of heads less
_MOST_HEADS = 200_000  # of one member; a thousand releases have ten thousand heads
_LIST_SECONDS = 120.0  # for all pages of a list
_LONGEST_WORDS = 1000  # characters of a connection error, which quotes what was received


@dataclass(frozen=True, slots=True)
class Listing:
    """The heads at one version of the member's store. `version` is that resource version, which only grows. With
    `is_cut`, there are more releases than were requested."""

    version: int
    heads: list[Head]
    is_cut: bool = False

    def newest(self) -> list[Head]:
        """The newest revision of every release."""
        newest: dict[tuple[str, str], Head] = {}
        for head in self.heads:
            known = newest.get((head.namespace, head.name))
            if known is None or head.revision > known.revision:
                newest[head.namespace, head.name] = head
        return list(newest.values())


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Any  # parsed JSON
    warnings: tuple[str, ...] = ()


class MismatchedError(TemporaryError):
    """The answer came from another cluster than the registered one; `uid` is that of the other cluster."""

    def __init__(self, expected: str, uid: str) -> None:
        super().__init__(
            ActionCode.CLUSTER_MISMATCHED,
            f"Another cluster answers at its address: the uid of its kube-system namespace is {uid}, and that of the"
            f" registered cluster is {expected}.",
        )
        self.uid = uid


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
        self.tls = _tls(access)
        self.judge = _judge(uid, name, self._hears) if uid is not None else None
        self._asking = self._pool(_CONNECTIONS)
        self._others: dict[int, _Pool] = {}  # by their number of connections, opened when first needed
        self.account: ServiceAccount | None = None
        self.heard_at = 0.0
        """When it last answered anything, by `time.monotonic()`."""

    def _hears(self) -> None:
        self.heard_at = time.monotonic()

    def _pool(self, limit: int) -> "_Pool":
        connector = ProvenConnector(
            self.access,
            self.judge,
            seconds=self.seconds,
            limit=limit,
            keepalive_timeout=_KEPT_ALIVE,
            ssl=self.tls,
            socket_factory=checked_socket(self.policy, urlsplit(self.access.server).hostname or ""),
        )
        return _Pool(connector, _Api(self.access, connector))

    def acting_as(self, account: ServiceAccount | None) -> "Member":
        """The same connections, with requests sent as a service account of the cluster, if it is not None. The proof of
        the cluster's identity always uses the cluster's own credentials."""
        acting = copy.copy(self)
        acting.account = account
        return acting

    def aside(self) -> "Member":
        """The same member over connections of its own, for requests that must not delay those about releases. Its
        answers do not count as signs of life of the member; it is closed together with it."""
        return self._over(_CONNECTIONS_ASIDE)

    def for_logs(self) -> "Member":
        """The same member over connections of its own for logs that are followed, each of which needs one."""
        return self._over(_CONNECTIONS_FOR_LOGS)

    def _over(self, connections: int) -> "Member":
        if connections not in self._others:
            self._others[connections] = self._pool(connections)
        apart = copy.copy(self)
        apart._asking = self._others[connections]
        return apart

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        for pool in (self._asking, *self._others.values()):
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
            status, _, body = await self._kube_system(limit)
        except TemporaryError:
            # A slow member may have no time left to answer on a new connection, but its proof was an answer, too.
            proven_at = self._asking.connector.proven_at
            if proven_at is None or proven_at < began:
                raise
            self.heard_at = proven_at
            return
        if status == 200:
            self._asking.connector.check(status, None, body)

    async def _kube_system(self, limit: aiohttp.ClientTimeout) -> tuple[int, str | None, bytes]:
        """Reads the namespace kube-system. This is frequent, so it does not use kubernetes-asyncio, which needs as much
        time to build a request as to send it. The server may answer from its cache: the uid of a namespace never
        changes."""
        with self._trouble(limit):
            api = self._asking.api
            async with api.rest_client.pool_manager.get(
                f"{self.access.server}{KUBE_SYSTEM}?resourceVersion=0",
                headers=api.default_headers | api.authorization,
                timeout=limit,
            ) as response:
                body = await _body(response)
                self._hears()
                return response.status, response.headers.get("Retry-After"), body

    async def uid(self) -> str:
        """The identity of a cluster, independent of its name: the uid of its kube-system namespace."""
        return _uid(await self.get(KUBE_SYSTEM))

    async def missing_permissions(self, verbs: Iterable[str], resource: str) -> list[str]:
        """The verbs that the credentials do not allow on a core resource in all namespaces."""

        asked = list(verbs)
        answers = await asyncio.gather(*(self._allows({"verb": verb, "resource": resource}) for verb in asked))
        return [verb for verb, is_allowed in zip(asked, answers, strict=True) if not is_allowed]

    async def may_impersonate(self, account: ServiceAccount) -> bool:
        """Whether the credentials allow `acting_as` this service account."""
        named = {"namespace": account.namespace, "name": account.name}
        return await self._allows({"verb": "impersonate", "resource": "serviceaccounts", **named})

    async def _allows(self, attributes: dict[str, str]) -> bool:
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        }
        answer = await self.request("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body=review)
        body = _expect_success(answer, "It refuses to say what we may do").body
        return read_field(bool, body, "status", "allowed")

    async def has_namespace(self, name: str) -> bool:
        path = f"/api/v1/namespaces/{quote(name, safe='')}"
        answer = await self.request("GET", path, accept=METADATA_ONLY)
        return answer.status != 404 and _expect_success(answer, f"It refuses GET {path}").status == 200

    async def heads(self, *, namespace: str, name: str) -> Listing:
        """Every revision of one release that Helm has stored, read from the labels alone."""
        heads: list[Head] = []
        version = 0
        async with aclosing(self._pages(secrets_path(namespace), f"owner=helm,name={name}", namespace)) as pages:
            async for page in pages:
                heads += page.heads
                version = page.version
        return Listing(version, heads)

    async def releases(self, *, room: int, needed: Container[tuple[str, str]]) -> Listing:
        """The newest revision of every release that is `needed` (namespace and name), and of at most `room` others. Any
        other release is dropped as it is read, to bound the memory."""
        newest: dict[tuple[str, str], Head] = {}
        version, is_cut = 0, False
        async with aclosing(self._pages("/api/v1/secrets", "owner=helm", None)) as pages:
            async for page in pages:
                version = page.version
                for head in page.heads:
                    release = (head.namespace, head.name)
                    known = newest.get(release)
                    if known is None and release not in needed:
                        if room <= 0:
                            is_cut = True
                            continue
                        room -= 1
                    if known is None or head.revision > known.revision:
                        newest[release] = head
        return Listing(version, list(newest.values()), is_cut)

    async def _pages(self, path: str, selector: str, namespace: str | None) -> AsyncGenerator[Page]:
        query = [("labelSelector", selector), ("limit", str(_PAGE))]
        more: list[tuple[str, str]] = []
        number = 0
        ends_at = time.monotonic() + _LIST_SECONDS
        for _ in range(_MOST_HEADS // _PAGE):
            answer = await self.get(path, query=query + more, accept=METADATA_ONLY_LIST)
            page = read_page(answer, namespace=namespace)
            yield page
            if not page.more:
                return
            more = [("continue", page.more)]
            number += len(page.heads)
            if number > _MOST_HEADS or time.monotonic() > ends_at:
                break
        raise TemporaryError(
            ActionCode.CLUSTER_UNEXPECTED_ANSWER,
            f"The API server's list of Helm's Secrets has no end: more than {_MOST_HEADS:,} of them, as many pages as"
            f" that would need, or more than {_LIST_SECONDS:g} s.",
        )

    async def is_in_config_maps(self, namespace: str, name: str) -> bool:
        """Whether there is a release of this name that Helm keeps in ConfigMaps (HELM_DRIVER=configmap)."""
        path = f"/api/v1/namespaces/{quote(namespace, safe='')}/configmaps"
        query = [("labelSelector", f"owner=helm,name={name}"), ("limit", "1")]
        return has_items(await self.get(path, query=query, accept=METADATA_ONLY_LIST), name)

    async def record(self, head: Head) -> Observed | None:
        """The record of one revision; None if it no longer exists.

        Raises:
            UnreadableRecordError: if the Secret does not contain a release.
        """
        answer = await self.request("GET", secret_path(head.namespace, head.secret))
        if answer.status == 404:
            return None
        body = _expect_success(answer, "It refuses to give a release record").body
        return await read_apart(read_secret(body, head.secret))

    async def get(self, path: str, *, query: list[tuple[str, str]] | None = None, accept: str | None = None) -> Any:
        answer = await self.request("GET", path, query=query, accept=accept)
        return _expect_success(answer, f"It refuses GET {path}").body

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
        async with self._asked(method, path, query, body, accept, content_type, limit) as response:
            text = await _body(response)
        if response.status >= 400:
            refusal = _refusal(response.status, text)
            is_forbidden = method == "GET" and refusal.kind is RefusalKind.FORBIDDEN
            if is_forbidden and (error := forbidden(self.account, refusal.words)):
                raise error
            is_refused = is_trial and refusal.kind is RefusalKind.FAILED and refusal.is_of_api_server
            if is_forbidden or (refusal.kind in _NOT_NOW and not is_refused):
                raise _not_now(refusal, response.headers.get("Retry-After"), self._name)
        return Answer(response.status, parsed(text), _warnings(response.headers.getall("Warning", [])))

    async def changes(self, version: int, *, seconds: int) -> AsyncGenerator[list[Change]]:
        """Watches Helm's release Secrets from a version on, until the server ends the watch after so many seconds.
        Changes that arrive together are yielded together.

        Raises:
            TemporaryError: if the watch fails, or the version is too old (WATCH_EXPIRED).
        """
        async with aclosing(
            self.lines("/api/v1/secrets", "owner=helm", version, seconds=seconds, accept=METADATA_ONLY)
        ) as stream:
            async for lines in stream:
                if changes := [change for line in lines for change in read_changes(line)]:
                    yield changes

    async def lines(
        self, path: str, selector: str, version: int, *, seconds: int, accept: str, silence: float | None = None
    ) -> AsyncGenerator[list[bytes]]:
        """The lines of a watch, until the server ends it after so many seconds. Lines that arrive together are yielded
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
        ]
        limit = aiohttp.ClientTimeout(
            total=self.seconds + seconds + _SILENCE,
            connect=self.seconds,
            sock_connect=_limit(self.seconds).sock_connect,
            sock_read=silence,
        )
        async with self._asked("GET", path, query, None, accept, "application/json", limit) as found:
            if found.status != 200:
                refusal = _refusal(found.status, await _body(found))
                if refusal.kind is RefusalKind.EXPIRED:
                    raise _expired(refusal)
                raise _not_now(refusal, found.headers.get("Retry-After"), self._name)
            yield []
            rest = b""
            async for chunk in found.content.iter_any():
                self._hears()
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
        """The bytes of an answer that is no JSON, as they arrive; without `seconds`, for as long as the server sends
        some. Nothing of it is kept here.

        Raises:
            TemporaryError: if the member is unreachable or refuses.
            PermanentError: if the service account of the request may not read this.
        """
        limit = aiohttp.ClientTimeout(
            total=seconds, connect=self.seconds, sock_connect=_limit(self.seconds).sock_connect
        )
        async with self._asked("GET", path, query, None, "*/*", "application/json", limit) as found:
            if found.status >= 400:
                refusal = _refusal(found.status, await _body(found))
                if refusal.kind is RefusalKind.FORBIDDEN and (error := forbidden(self.account, refusal.words)):
                    raise error
                if refusal.kind in _NOT_NOW or refusal.kind is RefusalKind.FORBIDDEN:
                    raise _not_now(refusal, found.headers.get("Retry-After"), self._name)
                raise TemporaryError(ActionCode.CLUSTER_REFUSED, refusal.words, refusal.words)
            async for chunk in found.content.iter_any():
                yield chunk

    @asynccontextmanager
    async def _asked(
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
        if self._asking.connector.needs_proof:
            self._asking.connector.check(*await self._kube_system(_limit(self.seconds)))
        with self._trouble(limit):
            response: aiohttp.ClientResponse = await self._asking.api.call_api(
                path,
                method,
                query_params=query or [],
                header_params=headers,
                body=body,
                auth_settings=["BearerToken"],
                _preload_content=False,
                _request_timeout=limit,
            )
            self._hears()
            async with response:
                yield response

    @contextmanager
    def _trouble(self, limit: aiohttp.ClientTimeout) -> Iterator[None]:
        """Raises connection errors and timeouts as TemporaryError."""
        try:
            yield
        except TimeoutError:
            raise TemporaryError(
                ActionCode.CLUSTER_UNREACHABLE, f"The API server did not answer within {limit.connect:g} s."
            ) from None
        except (aiohttp.ClientError, OSError) as error:
            raise _unreachable(error) from None


class _Api(ApiClient):
    """kubernetes-asyncio's client with Polyhelm's connections. Its own would use proxies from the environment, trust
    the system's CAs in addition to the member's, and keep decoded keys in files until the process ends."""

    def __init__(self, access: Access, connector: aiohttp.TCPConnector) -> None:
        self.configuration = Configuration()
        self.configuration.host = access.server
        self.authorization = {"Authorization": f"Bearer {access.token}"} if access.token else {}
        if access.token:
            self.configuration.api_key = {"BearerToken": f"Bearer {access.token}"}
        self.client_side_validation = False
        self.rest_client = _Connections(connector)
        self.default_headers = {"User-Agent": "polyhelm"}
        self.cookie = ""


@dataclass(frozen=True, slots=True)
class _Pool:
    connector: ProvenConnector
    api: _Api


class _Connections(RESTClientObject):
    def __init__(self, connector: aiohttp.TCPConnector) -> None:
        self.server_hostname = self.proxy = ""
        self.proxy_headers = {}
        self.pool_manager = aiohttp.ClientSession(
            connector=connector, read_bufsize=2**21, middlewares=(_refuse_redirects,)
        )


async def _refuse_redirects(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Refuses redirects: an API server sends none, and a redirect could send the credentials to another server."""
    response = await handler(request)
    if response.status in (301, 302, 303, 307, 308):
        response.close()
        raise TemporaryError(
            ActionCode.CLUSTER_UNREACHABLE, f"The API server redirects ({response.status}), which is not followed."
        )
    return response


def _judge(uid: str, name: str | None, hears: Callable[[], None]) -> Judge:
    def judge(status: int, retry_after: str | None, body: bytes) -> None:
        hears()
        if status != 200:
            raise _not_now(_refusal(status, body), retry_after, name)
        if (found := _uid(parsed(body))) != uid:
            raise MismatchedError(uid, found)

    return judge


def _tls(access: Access) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=access.ca) if access.ca else ssl.create_default_context()
    # Python 3.13 refuses CAs without key identifiers; Go does not, and some clouds still issue them.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if access.certificate and access.key:
        # Python reads a client certificate only from a path. A file with a name would remain on the disk if the process
        # is killed meanwhile.
        with nameless(f"{access.certificate}\n{access.key}".encode()) as file:
            context.load_cert_chain(f"/dev/fd/{file.fileno()}")
    return context


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


def _uid(namespace: Any) -> str:
    return read_word(namespace, "metadata", "uid")


def _warnings(headers: list[str]) -> tuple[str, ...]:
    """The texts of headers such as `299 - "unknown field"`, at most 50 of them."""
    matches = (re.fullmatch(r'\d+ \S+ "(.*)"', header) for header in headers[:50])
    return tuple(re.sub(r"\\(.)", r"\1", match[1])[:1000] for match in matches if match)


def _expect_success(answer: Answer, message: str) -> Answer:
    if 200 <= answer.status < 300:
        return answer
    refusal = Refusal.of(answer.status, answer.body)
    if refusal.kind is RefusalKind.EXPIRED:
        raise _expired(refusal)
    raise TemporaryError(ActionCode.CLUSTER_REFUSED, f"{message}: {refusal.words}", refusal.words)


def _expired(refusal: Refusal) -> TemporaryError:
    message = "The API server's history does not reach back far enough."
    return TemporaryError(ActionCode.WATCH_EXPIRED, message, refusal.words)


def _refusal(status: int, text: bytes) -> Refusal:
    try:
        return Refusal.of(status, parsed(text))
    except TemporaryError:
        return Refusal(status)


def _not_now(refusal: Refusal, retry_after: str | None, name: str | None) -> TemporaryError:
    advice = f" Give it new ones: polyhelm cluster update {name} --kubeconfig FILE" if name else ""
    return not_now(refusal, asked_pause(retry_after, now()), advice=advice)


def _unreachable(error: aiohttp.ClientError | OSError) -> TemporaryError:
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(cause, AddressRefusedError):
        return TemporaryError(ActionCode.CLUSTER_ADDRESS_REFUSED, f"The API server is not connected to: {cause}")
    return TemporaryError(ActionCode.CLUSTER_UNREACHABLE, f"The API server can't be reached: {_words(error)}")


def _words(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return f"its certificate is not valid: {error.certificate_error}"
    return str(error)[:_LONGEST_WORDS] or type(error).__name__
