"""What can go wrong with one request."""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.faults.exchange import Exchange
from tests.faults.upstream import Upstream


class Failure(ABC):
    """A failure; `acted` in those that have it says whether the server gets the request all the same, and does it,
    before the client sees the failure."""

    @abstractmethod
    async def happen(self, exchange: Exchange) -> web.StreamResponse:
        """Gives the answer; where there is none, the connection is cut."""


@dataclass(frozen=True)
class Wrong(Failure):
    """Another answer than the server's."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    acted: bool = False

    async def happen(self, exchange: Exchange) -> web.StreamResponse:
        if self.acted:
            await exchange.act()
        return web.Response(
            status=self.status, body=self.body, content_type=self.content_type, headers=dict(self.headers)
        )


@dataclass(frozen=True)
class Delay(Failure):
    """The request reaches the server late; it is answered rightly then."""

    seconds: float

    async def happen(self, exchange: Exchange) -> web.StreamResponse:
        await exchange.pause(self.seconds)
        return await exchange.forward()


@dataclass(frozen=True)
class Hang(Failure):
    """No answer, for so many seconds or until the rule is lifted; then the connection is cut."""

    seconds: float | None = None
    acted: bool = False

    async def happen(self, exchange: Exchange) -> web.StreamResponse:
        if self.acted:
            await exchange.act()
        await exchange.pause(self.seconds)
        return exchange.cut()


@dataclass(frozen=True)
class Cut(Failure):
    """The connection is reset (or closed in good order), before the server gets the request or after it has acted;
    with `sent`, after so many bytes of the answer's body."""

    acted: bool = False
    sent: int | None = None
    reset: bool = True

    async def happen(self, exchange: Exchange) -> web.StreamResponse:
        if self.sent is not None:
            return await exchange.forward(most=self.sent, reset=self.reset)
        if self.acted:
            await exchange.act()
        return exchange.cut(reset=self.reset)


@dataclass(frozen=True)
class Drip(Failure):
    """The answer comes in small pieces, with a pause before each."""

    size: int = 1
    pause: float = 0.05

    async def happen(self, exchange: Exchange) -> web.StreamResponse:
        return await exchange.forward(piece=self.size, pause=self.pause)


@dataclass(frozen=True)
class Elsewhere(Failure):
    """Another server answers, by its own administrator's token: the identity behind the address has changed."""

    kubeconfig: str = field(repr=False)

    async def happen(self, exchange: Exchange) -> web.StreamResponse:
        return await exchange.forward(Upstream.of(self.kubeconfig))


_REASONS = {
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    410: "Expired",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
    504: "Timeout",
}


def status(code: int, message: str = "it fails, as the test wants it", *, acted: bool = False, **headers: str) -> Wrong:
    """An error as a Kubernetes API server tells it; headers by name, with `_` for `-`."""
    told = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": _REASONS.get(code, ""),
        "code": code,
    }
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Wrong(code, json.dumps(told).encode(), headers=named, acted=acted)


def conflict() -> Wrong:
    return status(409, "the object has been modified; please apply your changes to the latest version and try again")


def gone() -> Wrong:
    return status(410, "The resourceVersion for the provided watch is too old.")


def throttled(retry_after: str = "1") -> Wrong:
    """`retry_after` in seconds, or as a date."""
    return status(429, "too many requests", Retry_After=retry_after)


def timed_out(*, acted: bool = True) -> Wrong:
    """As the API server answers where etcd does not in time; what was asked for may have been done."""
    return status(500, "etcdserver: request timed out", acted=acted)


def html() -> Wrong:
    """As a proxy or a load balancer answers for itself."""
    return Wrong(200, b"<html><body>Welcome</body></html>", "text/html")


def null() -> Wrong:
    return Wrong(200, b"null")


def listing(kind: str = "PodList", items: list[Any] | None = None) -> Wrong:
    """A list of another kind than was asked for."""
    told = {"kind": kind, "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": items or []}
    return Wrong(200, json.dumps(told).encode())
