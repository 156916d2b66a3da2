"""The HTTP client of checks: a request is bounded in time and size, and goes only where users' addresses may lead."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from urllib.parse import urlsplit

import httpx2

from app.charts.download import read_limited
from app.core.errors import UserError
from app.core.limiter import Limiter, PoolBusyError, share
from app.network import outgoing
from app.network.addresses import AddressRefusedError, Policy, allows_plain_http

CONNECTIONS = 32
"""Requests of a process for checks at once."""
LARGEST = 2**20
"""The maximum size of an answer, in bytes."""


class FetchError(Exception):
    """There is no answer. The message contains neither headers nor the query of the address."""


@dataclass(frozen=True)
class Received:
    status: int
    headers: Mapping[str, str]
    body: bytes


class CheckClient:
    """It follows no redirects and keeps no cookies. Plain HTTP is used only for hosts that `is_plain_http` allows."""

    def __init__(self, policy: Policy, is_plain_http: Callable[[str], bool], *, percent: int) -> None:
        each = share(CONNECTIONS, percent)
        self._limiter = Limiter("checks", CONNECTIONS, each=each, waiting=CONNECTIONS)
        self._is_plain_http = is_plain_http
        cookies = CookieJar(DefaultCookiePolicy(allowed_domains=()))  # organizations share the client
        self._client = outgoing.client(policy, timeout=None, follow_redirects=False, cookies=cookies)

    async def fetch(
        self,
        method: str,
        url: str,
        *,
        organization_id: int,
        headers: Mapping[str, str],
        seconds: float,
        body: bytes | None = None,
    ) -> Received:
        """Sends one request.

        Raises:
            FetchError: there is no complete answer in time, or the address is refused.
        """
        parts = urlsplit(url)
        host = f"{parts.scheme}://{parts.netloc}"
        if parts.scheme == "http" and not allows_plain_http(parts, self._is_plain_http):
            raise FetchError(f"Use https, or add {parts.netloc} to POLYHELM_PLAIN_HTTP_HOSTS.")
        try:
            async with asyncio.timeout(seconds), self._limiter.slot(organization_id):
                async with self._client.stream(method, url, headers=dict(headers), content=body) as response:
                    content = await read_limited(response, LARGEST)
                return Received(response.status_code, dict(response.headers), content)
        except PoolBusyError:
            raise FetchError("Too many requests of checks are waiting.") from None
        except TimeoutError:
            raise FetchError(f"{host} did not answer completely within {seconds:g} s.") from None
        except AddressRefusedError as error:
            raise FetchError(str(error)) from None
        except UserError:
            raise FetchError(f"{host} answers with more than {LARGEST:,} bytes, or in an unknown encoding.") from None
        except (httpx2.HTTPError, httpx2.InvalidURL, UnicodeError) as error:
            raise FetchError(f"{host} cannot be reached: {type(error).__name__}.") from None

    async def close(self) -> None:
        await self._client.aclose()
