"""A proxy before one Kubernetes API server, with faults."""

import asyncio
import base64
from collections import deque
from collections.abc import Callable
from typing import Any, Self

import aiohttp
import yaml
from aiohttp import web

from simulator.certificates import Certificates, issue
from tests.faults.exchange import Exchange, abort
from tests.faults.failures import Failure
from tests.faults.requests import Request
from tests.faults.rules import Rule
from tests.faults.upstream import Upstream

_HOST = "127.0.0.1"
_LARGEST_BODY = 2**25
_KEPT = 20_000  # requests, at most


class Proxy:
    """`async with Proxy(kubeconfig) as proxy:` serves until the block ends. It speaks HTTP/1.1 over TLS, with a
    certificate of its own, and passes tokens on."""

    def __init__(self, kubeconfig: str, certificates: Certificates | None = None) -> None:
        self._given = kubeconfig
        self._upstream = Upstream.of(kubeconfig)
        self._certificates = certificates or issue()
        self._rules: list[Rule] = []
        self._answering: Upstream | None = None
        self._count = 0
        self.port = 0
        self.requests: deque[Request] = deque(maxlen=_KEPT)
        """What has come, oldest first."""

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=None),
            auto_decompress=False,
            read_bufsize=2**20,
        )
        server = web.Server(self._handle, handler_cancellation=True, request_factory=_request)
        self._server = server
        self._runner = web.ServerRunner(server, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, _HOST, self.port, ssl_context=self._certificates.context(), backlog=1024)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *error: object) -> None:
        self.heal()
        self.reset()
        await self._runner.cleanup()
        await self._session.close()

    @property
    def server(self) -> str:
        return f"https://{_HOST}:{self.port}{self._upstream.prefix}"

    @property
    def kubeconfig(self) -> str:
        """The kubeconfig that was given, leading through the proxy."""
        return self.through(self.server)

    def through(self, server: str) -> str:
        """The same, by another address at which the proxy is reached, such as that of a `Line` before it."""
        config = yaml.safe_load(self._given)
        authority = base64.b64encode(self._certificates.authority).decode()
        config["clusters"][0]["cluster"] = {"server": server, "certificate-authority-data": authority}
        return yaml.safe_dump(config, sort_keys=False)

    def fault(
        self,
        failure: Failure,
        *,
        method: str = "",
        path: str = "",
        where: Callable[[Request], bool] = lambda request: True,
        skip: int = 0,
        times: int | None = None,
    ) -> Rule:
        """Has requests fail that have this method, this pattern somewhere in their path, and for which `where` is true:
        all of them, or `times` of them after the first `skip`. The rule that was made first counts."""
        rule = Rule(failure, method, path, where, skip, times)
        self._rules.append(rule)
        return rule

    def swap(self, kubeconfig: str) -> None:
        """Another server answers from now on, by its own administrator's token, until `heal`. Connections stay."""
        self._answering = Upstream.of(kubeconfig)

    def reset(self) -> None:
        """Resets all connections that are open."""
        for connection in self._server.connections:
            if connection.transport is not None:
                abort(connection.transport)

    def heal(self) -> None:
        """All is well again; what hung is cut."""
        for rule in self._rules:
            rule.lift()
        self._rules.clear()
        self._answering = None

    def seen(
        self, method: str = "", path: str = "", where: Callable[[Request], bool] = lambda request: True
    ) -> list[Request]:
        """The requests that match, oldest first."""
        return [request for request in self.requests if request.matches(method, path) and where(request)]

    def count(self, method: str = "", path: str = "", where: Callable[[Request], bool] = lambda request: True) -> int:
        return len(self.seen(method, path, where))

    async def _handle(self, http: web.BaseRequest) -> web.StreamResponse:
        body = await http.read()
        self._count += 1
        path = http.path.removeprefix(self._upstream.prefix)
        request = Request(self._count, http.method, path, dict(http.query), dict(http.headers), body)
        self.requests.append(request)
        rule = next((rule for rule in self._rules if rule.takes(request)), None)
        exchange = Exchange(http, request, self._upstream, self._session, rule.lifted if rule else None)
        try:
            if rule is None:
                return await exchange.forward(self._answering)
            response = await rule.failure.happen(exchange)
        except (aiohttp.ClientError, ConnectionError):  # by the server behind us, or by the client itself
            return exchange.cut()
        if request.status is None and http.transport is not None and not http.transport.is_closing():
            request.status = response.status
        return response


def _request(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
    """A request that may be as large as the real server allows."""
    loop = asyncio.get_running_loop()
    return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=_LARGEST_BODY)
