"""The part of HTTP/1.1 that Helm and an API server use: heads of requests, and answers as they arrive."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import httptools

MOST_HEAD = 64 * 1024
MOST_BODY = 4 * 2**20
"""The maximum size of a request's body, in bytes. An API server accepts at most 3 MiB."""
_MOST_ERROR = 64 * 1024
_NULLS = (b"null", b"null\n")  # Go's encoder ends with a newline
_LENGTHS = [b"%d" % len(null) for null in _NULLS]
_PIECE = 64 * 1024


class ProtocolError(Exception):
    """The data received is not HTTP that this module accepts."""


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a request to a proxy. Names of headers are in lower case."""

    method: str
    host: str
    target: str
    headers: Mapping[bytes, bytes]


class _RequestParser:
    def __init__(self) -> None:
        self.url = b""
        self.headers: dict[bytes, bytes] = {}

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.lower()] = value


async def read_head(reader: asyncio.StreamReader) -> Head | None:
    """The head of the next request; None if the connection is closed instead.

    Raises:
        ProtocolError: if it is not a valid request.
    """
    try:
        raw = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    except asyncio.LimitOverrunError:
        raise ProtocolError("the head of the request is too large") from None
    found = _RequestParser()
    parser = httptools.HttpRequestParser(found)
    try:
        parser.feed_data(raw)
    except httptools.HttpParserUpgrade:
        pass
    except httptools.HttpParserError as error:
        raise ProtocolError(str(error)) from None
    url = urlsplit(found.url.decode("ascii", "replace"))
    target = f"{url.path or '/'}?{url.query}" if url.query else url.path or "/"
    return Head(parser.get_method().decode(), url.netloc, target, found.headers)


async def read_body(reader: asyncio.StreamReader, head: Head) -> bytes:
    """The body of a request.

    Raises:
        ProtocolError: if its length is not given, or is more than MOST_BODY bytes.
    """
    if b"transfer-encoding" in head.headers:
        raise ProtocolError("the length of the request is not given")
    length = head.headers.get(b"content-length", b"0")
    if not length.isdigit() or int(length) > MOST_BODY:
        raise ProtocolError(f"the request has more than {MOST_BODY:,} bytes")
    try:
        return await reader.readexactly(int(length)) if int(length) else b""
    except asyncio.IncompleteReadError:
        raise ProtocolError("the request ends early") from None


class Answer:
    """An answer that is read piece by piece as it arrives. `status` is 0 until the head has arrived. `body` holds the
    beginning of an error. If `keeps` is given, it holds the whole body of any answer, which may have that many bytes at
    most."""

    def __init__(self, *, keeps: int | None = None) -> None:
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        self.body = bytearray()
        self.is_whole = False
        self._keeps = keeps
        self._is_kept_alive = False
        self._without_body = 0  # bytes received since the last byte of the body
        self._parser = httptools.HttpResponseParser(self)

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        self.status = self._parser.get_status_code()
        self._is_kept_alive = self._parser.should_keep_alive()

    def on_body(self, body: bytes) -> None:
        self._without_body = 0
        if self._keeps is not None:
            self.body += body
            if len(self.body) > self._keeps:
                raise ProtocolError(f"the answer has more than {self._keeps:,} bytes")
        elif (self.status >= 400 or self.is_tiny) and len(self.body) < _MOST_ERROR:
            self.body += body

    def on_message_complete(self) -> None:
        self.is_whole = True

    @property
    def retry_after(self) -> str | None:
        found = self.headers.get(b"retry-after")
        return found.decode("latin-1") if found else None

    @property
    def is_tiny(self) -> bool:
        """Whether its body is known to be no longer than `null`, which no object is."""
        return self.headers.get(b"content-length") in _LENGTHS

    def check(self) -> None:
        """Checks the body of a success, as far as it has arrived, if it is tiny.

        Raises:
            ProtocolError: if an API server does not give this answer: a proxy or a sign-in page in front of it does.
        """
        kind = self.headers.get(b"content-type", b"").lower()
        if kind.startswith(b"text/html"):
            raise ProtocolError(f"it answers {self.status} with a page of HTML")
        if kind.startswith(b"application/json") and bytes(self.body) in _NULLS:
            raise ProtocolError(f"it answers {self.status} with null")

    @property
    def leaves_its_connection(self) -> bool:
        """Whether another request can be sent on the same connection."""
        return self.is_whole and self._is_kept_alive

    async def head(self, reader: asyncio.StreamReader) -> bytes:
        """Reads until the head has arrived. Returns everything that was read, which may include some of the body.

        Raises:
            ProtocolError: if the data is not an answer.
            ConnectionError: if the connection ends before that.
        """
        raw = b""
        while not self.status:
            piece = await self._piece(reader)
            if not piece:
                raise ConnectionResetError("it was closed without an answer")
            raw += piece
        if not 200 <= self.status < 600:
            raise ProtocolError(f"an answer of status {self.status} was not requested")
        return raw

    async def rest(self, reader: asyncio.StreamReader) -> bytes:
        """The next piece of the body.

        Raises:
            ProtocolError, ConnectionError: as `head`.
        """
        piece = await self._piece(reader)
        if not piece:
            if self.headers.keys() & {b"content-length", b"transfer-encoding"}:
                raise ConnectionResetError("it was closed in the middle of an answer")
            self.is_whole = True  # only the end of the connection ends the answer
        return piece

    async def whole(self, reader: asyncio.StreamReader) -> bytes:
        """The body, once all of it has arrived.

        Raises:
            ProtocolError, ConnectionError: as `head`.
        """
        await self.head(reader)
        while not self.is_whole:
            await self.rest(reader)
        return bytes(self.body)

    async def _piece(self, reader: asyncio.StreamReader) -> bytes:
        piece = await reader.read(_PIECE)
        if piece:
            if self.is_whole:
                raise ProtocolError("more data arrived than requested")
            self._without_body += len(piece)
            try:
                self._parser.feed_data(piece)
            except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
                raise ProtocolError(f"the answer is not HTTP: {error}") from None
            if self._without_body > MOST_HEAD + _PIECE:
                raise ProtocolError(f"it sent more than {MOST_HEAD:,} bytes of headers")
        return piece


def request_head(method: str, target: str, headers: Mapping[bytes, bytes], length: int) -> bytes:
    lines = [f"{method} {target} HTTP/1.1".encode("latin-1")]
    lines += [name + b": " + value for name, value in headers.items()]
    if length or method in ("POST", "PUT", "PATCH"):
        lines.append(b"content-length: %d" % length)
    return b"\r\n".join([*lines, b"", b""])


def answer_of(status: int, body: bytes) -> bytes:
    """An answer of Polyhelm's own, in JSON."""
    head = f"HTTP/1.1 {status} -\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body
