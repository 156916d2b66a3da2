"""Connections to the outside, each checked at the moment of connecting: between the check and the connection no name is
looked up again, so that no name server can answer first with one address and then with another.

aiohttp opens its sockets by `checked_socket`; `client` is httpx2 on connections of the same kind; `connect` gives a
stream.
"""

import asyncio
import socket
import ssl
import time
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import httpcore2
import httpx2

from app.network.addresses import AddressRefusedError, Policy

AddressInfo = tuple[int, int, int, str, tuple[Any, ...]]
"""One address of a host, as `getaddrinfo` gives it."""


def checked_socket(policy: Policy, host: str) -> Callable[[AddressInfo], socket.socket]:
    """What opens a socket for each address that `host` was resolved to, and raises AddressRefusedError where the policy
    does not allow it."""

    def open_socket(info: AddressInfo) -> socket.socket:
        family, kind, protocol, _, address = info
        policy.check(host, address[0])
        return socket.socket(family, kind, protocol)

    return open_socket


async def connect(
    policy: Policy,
    host: str,
    port: int,
    tls: ssl.SSLContext | None,
    *,
    options: Iterable[tuple[int, int, int | bytes]] = (),
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to a host, with TLS where it is given. Its addresses are tried one after the other; `options` are
    those of the socket.

    Raises:
        OSError: AddressRefusedError among them.
    """
    loop = asyncio.get_running_loop()
    failure: OSError | None = None
    for family, kind, protocol, _, address in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        try:
            policy.check(host, str(address[0]))
        except AddressRefusedError as error:
            failure = failure or error
            continue
        opened = socket.socket(family, kind, protocol)
        try:
            opened.setblocking(False)
            for option in options:
                opened.setsockopt(*option)
            await loop.sock_connect(opened, address)
            return await asyncio.open_connection(sock=opened, ssl=tls, server_hostname=host if tls else None)
        except OSError as error:
            opened.close()
            failure = failure or error
        except BaseException:
            opened.close()
            raise
    raise failure or OSError(f"{host} has no address")


def client(policy: Policy, **options: Any) -> httpx2.AsyncClient:
    """An HTTP client whose every connection, those after a redirect included, obeys a policy.

    It goes through no proxy of the environment, which would connect to wherever it is told; `SSL_CERT_FILE` and
    `SSL_CERT_DIR` are still read. A refused address raises AddressRefusedError from whichever call connects.
    """
    return httpx2.AsyncClient(transport=Transport(policy), trust_env=False, **options)


@cache
def _trusted() -> ssl.SSLContext:
    """To read what the machine trusts takes 20 ms, in which nothing else would be done: once is enough."""
    return httpx2.create_ssl_context()


class Transport(httpx2.AsyncHTTPTransport):
    """The connections of `client`, for a client of another library's making."""

    def __init__(self, policy: Policy) -> None:
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=_trusted(),
            max_connections=100,
            max_keepalive_connections=20,
            keepalive_expiry=5,
            network_backend=_Checked(policy),
        )


class _Checked(httpcore2.AnyIOBackend):
    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Tries the host's addresses one after the other; each has its share of the time that is left."""
        end = time.monotonic() + timeout if timeout is not None else None
        try:
            async with asyncio.timeout(timeout):
                found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except TimeoutError:
            raise httpcore2.ConnectTimeout(f"{host} was not resolved in time") from None
        except OSError as error:
            raise httpcore2.ConnectError(str(error)) from error
        failure: Exception | None = None
        for number, (*_, address) in enumerate(found):
            try:
                self._policy.check(host, str(address[0]))
                share = (end - time.monotonic()) / (len(found) - number) if end is not None else None
                return await super().connect_tcp(str(address[0]), port, share, local_address, socket_options)
            except (AddressRefusedError, httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = failure or error
        raise failure or httpcore2.ConnectError(f"{host} has no address")
