"""Bytes from chart repositories and OCI registries, within limits; errors a user can act on."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx2

from app.charts.codes import ChartCode
from app.core.errors import ValidationFailed, invalid
from app.core.limiter import Limiter, PoolBusyError
from app.network import outgoing
from app.network.addresses import AddressRefusedError, Policy

TIMEOUT = httpx2.Timeout(30, connect=10)
_MOST_WAITING = 50
"""Downloads of one organization that wait for a connection."""
_ENCODINGS = ("identity", "gzip", "deflate")  # each once: a thousand times what was read, at most


@dataclass(frozen=True)
class Login:
    """Credentials for one repository. They go to its own host and nowhere else."""

    username: str
    password: str

    def __repr__(self) -> str:
        return f"Login({self.username!r})"


def origin(url: str) -> tuple[str, str | None, int | None]:
    """Who answers at an address: what was given to one origin goes to no other."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def check_address(url: str, is_plain_http: Callable[[str], bool]) -> None:
    """Raises ValidationFailed unless the address is https, or http where that is allowed for its host."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise invalid(
            ChartCode.URL_NOT_SUPPORTED, "A chart repository is an https:// or oci:// address.", "url"
        ) from None
    if parts.username or parts.password:
        raise invalid(ChartCode.URL_WITH_CREDENTIALS, "Give user name and password as such, not within the URL.", "url")
    if not parts.hostname or parts.scheme not in ("https", "http"):
        raise invalid(ChartCode.URL_NOT_SUPPORTED, "A chart repository is an https:// or oci:// address.", "url")
    # With or without the usual port: a client leaves it out.
    if parts.scheme == "http" and not (is_plain_http(parts.netloc) or is_plain_http(f"{parts.hostname}:{port or 80}")):
        raise invalid(ChartCode.PLAIN_HTTP, f"Use https, or name {parts.netloc} in POLYHELM_PLAIN_HTTP_HOSTS.", "url")


class Downloader:
    """One client for all repositories: it keeps connections, and sends no cookies and no credentials by itself.

    It connects to the addresses that `policy` allows, and a redirect leads to plain HTTP only where `is_plain_http`
    allows it for that host. Organizations share its connections: each has at most `most` of `connections` at once. A
    request takes at most `seconds`, however slowly its answer comes.
    """

    def __init__(
        self, policy: Policy, is_plain_http: Callable[[str], bool], *, connections: int, most: int, seconds: float
    ) -> None:
        async def check(request: httpx2.Request) -> None:
            check_address(str(request.url), is_plain_http)

        self._limiter = Limiter("repositories", connections, each=most, waiting=_MOST_WAITING)
        self._seconds = seconds
        self.client = outgoing.client(
            policy, timeout=TIMEOUT, follow_redirects=True, max_redirects=5, event_hooks={"request": [check]}
        )

    async def get(
        self, url: str, *, share: int, limit: int, login: Login | None = None, home: str | None = None
    ) -> bytes:
        """The body behind an address, at most `limit` bytes, for the organization `share`. `login` is sent where it is
        on the same host as `home`.

        Raises:
            ValidationFailed: says what the other side answered.
        """
        auth = (login.username, login.password) if login and origin(url) == origin(home or url) else None
        async with self.stream("GET", url, share=share, auth=auth) as response:
            if response.status_code != 200:
                raise refused(url, response.status_code)
            return await read_limited(response, limit)

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        url: str,
        *,
        share: int,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
    ) -> AsyncIterator[httpx2.Response]:
        """One request with its answer, on a connection of the organization `share`.

        Raises:
            ValidationFailed: where there is no answer, it takes too long, or the organization has too many requests.
        """
        try:
            async with (
                asyncio.timeout(self._seconds),
                self._limiter.slot(share),
                self.client.stream(method, url, headers=headers, auth=auth) as response,
            ):
                yield response
        except PoolBusyError:
            message = "Your organization has too many downloads from chart repositories. Try again in a moment."
            raise invalid(ChartCode.REPOSITORY_BUSY, message, "url") from None
        except TimeoutError:
            raise invalid(
                ChartCode.REPOSITORY_SLOW, f"{url} did not answer completely within {self._seconds:g} s.", "url"
            ) from None
        except AddressRefusedError as error:
            raise invalid(ChartCode.ADDRESS_REFUSED, str(error), "url") from None
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            words = str(error) or type(error).__name__
            raise invalid(ChartCode.REPOSITORY_UNREACHABLE, f"{url} can't be reached: {words}", "url") from None

    async def close(self) -> None:
        await self.client.aclose()


async def read_limited(response: httpx2.Response, limit: int) -> bytes:
    """The body, at most `limit` bytes once it is unpacked.

    Raises:
        ValidationFailed: where it has more, or is packed in a way that unfolds to gigabytes within one read.
    """
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in _ENCODINGS:
        raise invalid(
            ChartCode.REPOSITORY_MALFORMED, f"{response.url} answers in the encoding {encoding[:50]!r}.", "url"
        )
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > limit:
            raise invalid(
                ChartCode.DOWNLOAD_TOO_LARGE, f"{response.url} answers with more than {limit:,} bytes.", "url"
            )
    return bytes(body)


def refused(url: str, status: int) -> ValidationFailed:
    if status in (401, 403):
        return invalid(ChartCode.REPOSITORY_UNAUTHORIZED, f"{url} wants other credentials ({status}).", "url")
    if status == 404:
        return invalid(ChartCode.REPOSITORY_NOT_FOUND, f"There is nothing at {url} (404).", "url")
    return invalid(ChartCode.REPOSITORY_REFUSED, f"{url} answers with status {status}.", "url")
