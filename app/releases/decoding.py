"""Decodes what a text may hold in encoded form: escapes of JSON, YAML, Go, URLs and HTML, base64, base32 and
hexadecimal. Pure."""

import base64
import html
import re
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from urllib.parse import unquote

_DEPTH = 8
_LEAST = 4
"""The minimum length of a decoded piece. Shorter pieces are dropped: any text decodes to some of them by chance."""
_UNPACKED = 2**20

_ESCAPE = re.compile(
    r"\\(?:(?P<bytes>x[0-9a-fA-F]{2}(?:\\x[0-9a-fA-F]{2})*)|[uU](?P<point>(?<=u)[0-9a-fA-F]{4}|(?<=U)[0-9a-fA-F]{8})"
    r"|(?P<octal>[0-7]{3})|(?P<line>\r?\n[ \t]*)|(?P<other>.))",
    re.DOTALL,
)
_CONTROLS = "abefnrtv0NLP_"
"""Letters that, after a backslash, mean a control character or white space in one of the languages."""
_READABLE = re.compile(
    rb"(?:[\t\n\r\x20-\x7e]|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}){%d,}" % _LEAST
)
_NOT_BASE64 = (re.compile(r"[^A-Za-z0-9+/]+"), re.compile(r"[^A-Za-z0-9_-]+"))
_BETWEEN_DIGITS = re.compile(r"(?:\\x|0x|[\s:,=])+")
_HEXADECIMAL = re.compile(r"[0-9a-fA-F]{8,}")
_BASE32 = re.compile(r"[A-Z2-7]{7,}")
_GZIP = b"\x1f\x8b\x08"


class EndlessError(Exception):
    """A text decodes through more steps, or to more text, than any legitimate text does."""


def decodings(text: str) -> Iterator[tuple[str, bool]]:
    """Yields the text and every text that can be decoded from it, in one step or several. The flag is True if one of
    the steps decoded bytes, such as base64: any text contains some of these by chance.

    Raises:
        EndlessError: if the decoded texts exceed the bounds. Some of them have been yielded by then.
    """
    left = 4_000_000 + 64 * len(text)
    seen = {text}
    queue = deque([(text, False, 0)])
    while queue:
        found, from_bytes, depth = queue.popleft()
        yield found, from_bytes
        for read, is_bytes in _READERS:
            for inner in read(found):
                if inner in seen or not inner:
                    continue
                left -= len(inner)
                if left < 0 or depth == _DEPTH:
                    raise EndlessError
                seen.add(inner)
                queue.append((inner, from_bytes or is_bytes, depth + 1))


def _escapes(text: str) -> Iterator[str]:
    if "\\" in text:
        plain = _ESCAPE.sub(_unescaped, text)
        yield plain.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _unescaped(match: re.Match[str]) -> str:
    if digits := match["bytes"]:
        raw = bytes.fromhex(digits.replace("\\x", "").removeprefix("x"))
        try:
            return raw.decode()
        except UnicodeDecodeError:
            return raw.decode("latin-1")
    if digits := match["point"]:
        point = int(digits, 16)
        return chr(point) if point <= 0x10FFFF else ""
    if digits := match["octal"]:
        return chr(int(digits, 8))
    if match["line"] is not None:
        return ""
    return " " if match["other"] in _CONTROLS else match["other"]


def _percents(text: str) -> Iterator[str]:
    if "%" in text:
        yield unquote(text, errors="replace")


def _entities(text: str) -> Iterator[str]:
    if "&" in text:
        yield html.unescape(text)


def _base64(text: str) -> Iterator[str]:
    """Decodes base64 with other characters anywhere in it: they are removed, and one of the four offsets fits each
    piece."""
    for others in _NOT_BASE64:
        letters = others.sub("", text)
        if len(letters) >= _LEAST:
            for start in range(4):
                yield from _readable(base64.b64decode(_filled(letters[start:], 4), altchars=_altchars(others)))


def _altchars(others: re.Pattern[str]) -> bytes:
    return b"+/" if others is _NOT_BASE64[0] else b"-_"


def _base32(text: str) -> Iterator[str]:
    for run in _BASE32.findall(_BETWEEN_DIGITS.sub("", text)):
        for start in range(8):
            yield from _readable(base64.b32decode(_filled(run[start:], 8)))


def _hexadecimal(text: str) -> Iterator[str]:
    for run in _HEXADECIMAL.findall(_BETWEEN_DIGITS.sub("", text)):
        for start in range(2):
            yield from _readable(bytes.fromhex(run[start : start + (len(run) - start) // 2 * 2]))


def _filled(letters: str, group: int) -> str:
    return letters + "A" * (-len(letters) % group)


def _readable(raw: bytes) -> Iterator[str]:
    """Yields the readable text among the bytes, and the readable text of a gzip stream within them."""
    yield "\n".join(piece.decode("utf-8", "ignore") for piece in _READABLE.findall(raw))
    if (start := raw.find(_GZIP)) >= 0:
        try:
            yield from _readable(zlib.decompressobj(wbits=31).decompress(raw[start:], _UNPACKED))
        except zlib.error:
            return


_READERS: tuple[tuple[Callable[[str], Iterator[str]], bool], ...] = (
    (_escapes, False),
    (_percents, False),
    (_entities, False),
    (_base64, True),
    (_base32, True),
    (_hexadecimal, True),
)
