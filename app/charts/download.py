"""Downloads from chart repositories and OCI registries, within limits. Errors are such that users can act on them."""

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
from app.network.addresses import AddressRefusedError, Policy, allows_plain_http

_NOT_SUPPORTED = "Charts are downloaded over https, from an address with a host name."
TIMEOUT = httpx2.Timeout(30, connect=10)
_MOST_WAITING = 50
"""The maximum number of an organization's downloads that wait for a connection."""
_ENCODINGS = (
    "identity",
    "gzip",
    "deflate",
)  # at most once each: each yields at most a thousand times its input


@dataclass(frozen=True)
class Login:
    """Credentials of one repository. They are sent only to its own host."""

    username: str
    password: str

    def __repr__(self) -> str:
        return f"Login({self.username!r})"


def origin(url: str) -> tuple[str, str | None, int | None]:
    """The origin of an address. Credentials for one origin are never sent to another."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def check_address(url: str, is_plain_http: Callable[[str], bool]) -> None:
    """Raises ValidationFailed unless the address uses https, or http for an allowed host."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises for one that is not a number
    except ValueError:
        raise invalid(ChartCode.URL_NOT_SUPPORTED, _NOT_SUPPORTED, "url") from None
    if parts.username or parts.password:
        raise invalid(
            ChartCode.URL_WITH_CREDENTIALS, "Give the user name and password separately, not in the URL.", "url"
        )
    if not parts.hostname or parts.scheme not in ("https", "http"):
        raise invalid(ChartCode.URL_NOT_SUPPORTED, _NOT_SUPPORTED, "url")
    if parts.scheme == "http" and not allows_plain_http(parts, is_plain_http):
        raise invalid(ChartCode.PLAIN_HTTP, f"Use https, or add {parts.netloc} to POLYHELM_PLAIN_HTTP_HOSTS.", "url")


class Downloader:
    """A client for all repositories, which reuses connections and sends neither cookies nor credentials by itself.

    It connects to addresses that `policy` allows, and follows redirects to plain HTTP only for hosts that
    `is_plain_http` allows. Organizations share its connections: each uses at most `most` of `connections` at once. A
    request takes at most `seconds`, however slow the answer is.
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
        """Downloads a body of at most `limit` bytes for the organization `share`. `login` is sent only to the host of
        `home`.

        Raises:
            ValidationFailed: The message contains the answer of the other side.
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
        """Sends one request on a connection of the organization `share`.

        Raises:
            ValidationFailed: There is no answer, it takes too long, or the organization has too many requests.
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
            raise invalid(ChartCode.REPOSITORY_UNREACHABLE, f"{url} cannot be reached: {words}", "url") from None

    async def close(self) -> None:
        await self.client.aclose()


async def read_limited(response: httpx2.Response, limit: int) -> bytes:
    """Returns the body, with at most `limit` bytes after decompression.

    Raises:
        ValidationFailed: It is larger, or its encoding can expand to gigabytes within one read.
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
        return invalid(ChartCode.REPOSITORY_UNAUTHORIZED, f"{url} does not accept the credentials ({status}).", "url")
    if status == 404:
        return invalid(ChartCode.REPOSITORY_NOT_FOUND, f"{url} was not found (404).", "url")
    return invalid(ChartCode.REPOSITORY_REFUSED, f"{url} answered with status {status}.", "url")
