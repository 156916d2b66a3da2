"""Requests are answered only under a name of this server, so that no web page can reach it by DNS rebinding.

A page of another site can point a name of its own at this server's address. The browser then treats the server as part
of that site, and checks of `Origin` see nothing wrong. The `Host` header still holds the page's name. IP addresses are
accepted, because a page cannot be loaded under an address of this server unless the server itself serves it.
"""

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from app.core.settings import Settings
from app.registers.requests import RequestCode

log = structlog.get_logger()

_MISDIRECTED = 421


class AllowedHosts:
    """Answers 421 to HTTP and WebSocket requests whose `Host` is not a name of this server. Clients that send no `Host`
    are not browsers, and pass."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._names = _names(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        host = Headers(scope=scope).get("host") if scope["type"] in ("http", "websocket") else None
        if host is None or is_allowed(host, self._names):
            await self._app(scope, receive, send)
            return
        log.warning("host.refused", host=host[:255])
        message = (
            "This server does not answer under the host name of this request. Add the name to POLYHELM_ALLOWED_HOSTS,"
            " or set POLYHELM_PUBLIC_URL."
        )
        content = {"errors": [{"message": message, "extensions": {"code": RequestCode.HOST_NOT_ALLOWED}}]}
        await JSONResponse(content, _MISDIRECTED)(scope, receive, send)


def is_allowed(host: str, names: Iterable[str]) -> bool:
    """Whether a `Host` header (`name` or `name:port`) is an IP address, a loopback name or one of these names. A name
    that begins with `*.` stands for all names below it."""
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:
        return False
    if not name or "@" in host:
        return False
    name = name.rstrip(".")
    if name == "localhost" or name.endswith(".localhost") or _is_address(name):
        return True
    return any(name == allowed or (allowed[:2] == "*." and name.endswith(allowed[1:])) for allowed in names)


def _names(settings: Settings) -> frozenset[str]:
    named = {name.strip().lower().rstrip(".") for name in settings.allowed_hosts.split(",")}
    public = urlsplit(settings.public_url).hostname if settings.public_url else None
    return frozenset(named | {public or ""}) - {""}


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
