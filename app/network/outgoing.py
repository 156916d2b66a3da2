"""Outgoing connections, each checked when it is opened.

No name is resolved again between the check and the connection, so a name server cannot give two different answers.
aiohttp opens its sockets with `checked_socket`, `client` returns an httpx2 client with such connections, and `connect`
opens a stream.
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
"""An address of a host, as returned by `getaddrinfo`."""


def checked_socket(policy: Policy, host: str) -> Callable[[AddressInfo], socket.socket]:
    """Returns a function that opens a socket for an address of `host`. It raises AddressRefusedError if the policy does
    not allow the address."""

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
    """Opens a connection to a host, optionally with TLS. Its addresses are tried in order. `options` are socket
    options.

    Raises:
        OSError: The connection failed. AddressRefusedError is one of its subclasses.
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
    """Returns an HTTP client that applies a policy to every connection, including those after redirects.

    It ignores proxies in the environment, which would connect anywhere. It honors `SSL_CERT_FILE` and `SSL_CERT_DIR`. A
    refused address raises AddressRefusedError.
    """
    return httpx2.AsyncClient(transport=Transport(policy), trust_env=False, **options)


@cache
def _trusted() -> ssl.SSLContext:
    """Loading the system's certificates takes 20 ms and blocks the event loop, so they are loaded once."""
    return httpx2.create_ssl_context()


class Transport(httpx2.AsyncHTTPTransport):
    """The transport of `client`, for clients that another library creates."""

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
        """Tries the host's addresses in order. Each gets a share of the remaining time."""
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
