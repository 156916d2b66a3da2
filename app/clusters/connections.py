"""Connections to one member, over which kubernetes-asyncio sends requests. No other module imports it.

kubernetes-asyncio's own connections would use proxies from the environment, trust the system's CAs in addition to the
member's, and keep decoded keys in files until the process ends.
"""

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from kubernetes_asyncio.client import ApiClient, Configuration
from kubernetes_asyncio.client.rest import RESTClientObject

from app.clusters.answers import parsed, read_word
from app.clusters.errors import MismatchedError, refusal_of, refuse_redirect, refused_now
from app.clusters.kubeconfig import Access
from app.clusters.proof import Judge, ProvenConnector
from app.core.errors import TemporaryError
from app.core.files import nameless
from app.network.addresses import Policy
from app.network.outgoing import checked_socket


@dataclass(frozen=True, slots=True)
class ConnectionPool:
    connector: ProvenConnector
    api: "_Api"

    @classmethod
    def open(
        cls,
        access: Access,
        policy: Policy,
        judge: Judge | None,
        *,
        seconds: float,
        limit: int,
        kept_alive: float,
        tls: ssl.SSLContext,
    ) -> "ConnectionPool":
        """Prepares at most `limit` connections, which are opened when needed, and closed when they were not used for
        `kept_alive` seconds. Each waits `seconds` for its proof."""
        connector = ProvenConnector(
            access,
            judge,
            seconds=seconds,
            limit=limit,
            keepalive_timeout=kept_alive,
            ssl=tls,
            socket_factory=checked_socket(policy, urlsplit(access.server).hostname or ""),
        )
        return cls(connector, _Api(access, connector))


class _Api(ApiClient):
    """kubernetes-asyncio's client over Polyhelm's connections."""

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
    response = await handler(request)
    try:
        refuse_redirect(response.status)
    except TemporaryError:
        response.close()
        raise
    return response


def judge_of(uid: str, name: str | None, answered: Callable[[], None]) -> Judge:
    """The proof that an answer comes from the cluster `uid`. It calls `answered` for each answer."""

    def judge(status: int, retry_after: str | None, body: bytes) -> None:
        answered()
        if status != 200:
            raise refused_now(refusal_of(status, body), retry_after, name)
        if (found := uid_of(parsed(body))) != uid:
            raise MismatchedError(uid, found)

    return judge


def tls_context(access: Access) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=access.ca) if access.ca else ssl.create_default_context()
    # Python 3.13 refuses CAs without key identifiers; Go does not, and some clouds still issue them.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if access.certificate and access.key:
        # Python reads a client certificate only from a path. A file with a name would remain on the disk if the process
        # is killed meanwhile.
        with nameless(f"{access.certificate}\n{access.key}".encode()) as file:
            context.load_cert_chain(f"/dev/fd/{file.fileno()}")
    return context


def uid_of(namespace: Any) -> str:
    """The uid of a namespace."""
    return read_word(namespace, "metadata", "uid")
