"""Unpacks a chart's archive within limits, and refuses anything unusual.

Helm also unpacks archives in `charts/`, so they must meet the same rules and count towards the same limits.
"""

import io
import re
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from app.charts.codes import ChartCode
from app.core.errors import ValidationFailed, invalid

MAX_ENTRIES = 10_000
MAX_NESTED = 5
"""The maximum nesting depth of packaged charts."""

_MAX_PATH = 1000
_MAX_TEXT = 2 * 2**20  # the maximum size of a file that is read: Chart.yaml, values.yaml, the schema, the readme
_TEXTS = re.compile(r"(values\.yaml|README\.md|(charts/[^/]+/)?Chart\.yaml|(.*/)?[^/]*values\.schema\.json)")
_PACKED = re.compile(r"(charts/[^/]+/)*charts/[^/]+\.tgz")


@dataclass(frozen=True)
class Limits:
    packed: int  # bytes
    unpacked: int  # bytes


def unpack(
    content: bytes, limits: Limits, wanted: re.Pattern[str] = _TEXTS, *, largest: int = _MAX_TEXT
) -> dict[str, bytes]:
    """Returns the files of a chart with a matching path, of at most `largest` bytes each.

    The files of a packaged subchart are below its archive's name, as in `charts/db-1.0.0.tgz/Chart.yaml`.

    Raises:
        ValidationFailed: The message states the problem with the archive.
    """
    try:
        return dict(_files(content, _Budget(limits), wanted, largest, 0))
    except (tarfile.TarError, EOFError, OSError, zlib.error, ValueError, RecursionError) as error:
        raise wrong(ChartCode.CHART_MALFORMED, f"The archive is not a gzipped tar file: {error}.") from None


class _Budget:
    """The remaining budget of an archive and the archives in it."""

    def __init__(self, limits: Limits) -> None:
        self._limit = limits.unpacked
        self._left = limits.unpacked + 2**20  # tar's own headers and padding are added
        self._total = 0
        self._entries = 0

    def read(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise self._too_large()

    def enter(self, entry: tarfile.TarInfo) -> None:
        """Counts an entry. A negative size would be subtracted from the total, and a sparse file takes in memory what
        it does not take in the archive."""
        if entry.size < 0 or entry.issparse():
            raise wrong(ChartCode.CHART_MALFORMED, f"The entry {entry.name[:200]!r} is sparse or has a negative size.")
        self._entries += 1
        if self._entries > MAX_ENTRIES:
            raise wrong(ChartCode.CHART_TOO_LARGE, f"The archive has more than {MAX_ENTRIES:,} entries.")
        self._total += entry.size
        if self._total > self._limit:
            raise self._too_large()

    def _too_large(self) -> ValidationFailed:
        return wrong(ChartCode.CHART_TOO_LARGE, f"The archive unpacks to more than {self._limit:,} bytes.")


def _files(
    content: bytes, budget: _Budget, wanted: re.Pattern[str], largest: int, depth: int
) -> Iterator[tuple[str, bytes]]:
    root: str | None = None
    taken: set[str] = set()
    source = _Bounded(content, budget)
    with tarfile.open(fileobj=source, mode="r|") as archive:
        for entry in archive:
            budget.enter(entry)
            segments = _segments(entry)
            if not segments or entry.name == "pax_global_header":
                continue
            root = root or segments[0]
            if segments[0] != root:
                raise wrong(
                    ChartCode.CHART_MALFORMED, "The archive has several top-level directories. A chart has one."
                )
            if not entry.isreg():
                continue
            path = "/".join(segments[1:])
            if path.casefold() in taken:
                raise wrong(ChartCode.CHART_DUPLICATE, f"The archive has {path[:200]!r} twice, or with different case.")
            taken.add(path.casefold())
            if _PACKED.fullmatch(path):
                if depth == MAX_NESTED:
                    raise wrong(ChartCode.CHART_TOO_LARGE, f"Archives are nested more than {MAX_NESTED} levels deep.")
                for inner, text in _files(_content(archive, entry), budget, wanted, largest, depth + 1):
                    yield f"{path}/{inner}", text
            elif wanted.fullmatch(path):
                if entry.size > largest:
                    raise wrong(ChartCode.CHART_TOO_LARGE, f"{path} has more than {largest:,} bytes.")
                yield path, _content(archive, entry)
    source.finish()


def _segments(entry: tarfile.TarInfo) -> list[str]:
    """Returns the directories and the name of a valid entry."""
    path = entry.name.removeprefix("./")
    segments = path.split("/")
    if len(path) > _MAX_PATH:
        raise wrong(
            ChartCode.CHART_PATH_TOO_LONG,
            f"The entry {path[:100]!r}… has a name of more than {_MAX_PATH:,} characters.",
        )
    if path.startswith("/") or "\\" in path or ".." in segments or ":" in segments[0] or "\x00" in path:
        raise wrong(ChartCode.CHART_PATH_OUTSIDE, f"The entry {path[:200]!r} leads outside the chart's directory.")
    if not (entry.isreg() or entry.isdir()):
        raise wrong(ChartCode.CHART_LINK, f"The entry {path[:200]!r} is a link or a device. Charts contain only files.")
    return [segment for segment in segments if segment not in ("", ".")]


def _content(archive: tarfile.TarFile, entry: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(entry)
    assert file is not None
    return file.read()


class _Bounded(io.RawIOBase):
    """Decompresses gzip piece by piece and stops at a limit, before a decompression bomb fills the memory."""

    def __init__(self, content: bytes, budget: _Budget) -> None:
        self._budget = budget
        self._packed = content
        self._unpacker = zlib.decompressobj(wbits=31)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        chunk = self._unpacker.decompress(self._packed, 2**20 if size < 0 else size)
        self._packed = self._unpacker.unconsumed_tail
        self._budget.read(len(chunk))
        return chunk

    def finish(self) -> None:
        """Refuses data after the first gzip stream: Go reads all streams as one, zlib only the first."""
        while self.read(2**16):
            pass
        if not self._unpacker.eof or self._unpacker.unused_data:
            raise ValueError("it is truncated, or has data after its end")


def wrong(code: ChartCode, message: str) -> ValidationFailed:
    return invalid(code, message, "archive")
