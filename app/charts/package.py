"""A packaged chart, taken apart and checked before anything else sees it.

Helm itself has had holes in unpacking; so an archive that is not plainly a chart is refused here: size, paths that lead
outside, links, devices, more than one folder, names that do not match.
"""

import hashlib
import io
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
import yaml

from app.charts.value_schema import has_remote_reference
from app.errors import ValidationFailed, invalid
from app.names import text_problem
from app.untrusted_yaml import load

MAX_ENTRIES = 10_000
_MAX_TEXT = 2 * 2**20  # of one file that we read: Chart.yaml, values.yaml, the schema, the readme


@dataclass(frozen=True)
class Limits:
    packed: int  # bytes
    unpacked: int  # bytes


@dataclass(frozen=True)
class Package:
    """What a checked archive holds. `digest` is the SHA-256 of the archive, in hex."""

    digest: str
    content: bytes
    name: str
    version: str
    app_version: str | None
    description: str | None
    default_values: str
    values_schema: dict[str, Any] | None
    readme: str | None
    has_remote_schema: bool


def open_package(content: bytes, limits: Limits) -> Package:
    """Checks an archive and reads what we show and use of it.

    Takes CPU time in proportion to its size: call it in a thread.

    Raises:
        ValidationFailed: says what is wrong with it.
    """
    if len(content) > limits.packed:
        raise _wrong(
            "chart_too_large", f"The archive has {len(content):,} bytes; at most {limits.packed:,} are allowed."
        )
    try:
        files = dict(_files(content, limits))
    except (tarfile.TarError, EOFError, OSError, zlib.error, ValueError, RecursionError) as error:
        raise _wrong("chart_malformed", f"The archive is not a gzipped tar file: {error}.") from None
    metadata = _metadata(files)
    schema = _schema(files.get("values.schema.json"))
    return Package(
        digest=hashlib.sha256(content).hexdigest(),
        content=content,
        name=metadata["name"],
        version=metadata["version"],
        app_version=_text(metadata.get("appVersion")),
        description=_text(metadata.get("description")),
        default_values=files.get("values.yaml", b"").decode(errors="replace").replace("\x00", ""),
        values_schema=schema,
        readme=files["README.md"].decode(errors="replace").replace("\x00", "") if "README.md" in files else None,
        has_remote_schema=any(
            has_remote_reference(_json(text)) for path, text in files.items() if path.endswith("values.schema.json")
        ),
    )


def _files(content: bytes, limits: Limits) -> Iterator[tuple[str, bytes]]:
    """Yields what is read of the chart, by path below its one folder; checks every entry."""
    root: str | None = None
    total = 0
    source = _Bounded(content, limits.unpacked)
    with tarfile.open(fileobj=source, mode="r|") as archive:
        for number, entry in enumerate(archive):
            if number >= MAX_ENTRIES:
                raise _wrong("chart_too_large", f"The archive has more than {MAX_ENTRIES:,} entries.")
            total += entry.size
            if total > limits.unpacked:
                raise _too_large_unpacked(limits.unpacked)
            path = entry.name.removeprefix("./")
            steps = path.split("/")
            if path.startswith("/") or "\\" in path or ".." in steps or ":" in steps[0] or "\x00" in path:
                raise _wrong("chart_path_outside", f"The entry {path[:200]!r} leads outside the chart's folder.")
            if not (entry.isreg() or entry.isdir()):
                raise _wrong("chart_link", f"The entry {path[:200]!r} is a link or a device; charts hold files.")
            if path in ("", ".", "pax_global_header"):
                continue
            root = root or steps[0]
            if steps[0] != root:
                raise _wrong("chart_malformed", "The archive has more than one folder; a chart is one.")
            below = "/".join(steps[1:])
            if entry.isreg() and (
                below in ("Chart.yaml", "values.yaml", "README.md") or below.endswith("values.schema.json")
            ):
                if entry.size > _MAX_TEXT:
                    raise _wrong("chart_too_large", f"{below} has more than {_MAX_TEXT:,} bytes.")
                file = archive.extractfile(entry)
                assert file is not None
                yield below, file.read()
    source.finish()


class _Bounded(io.RawIOBase):
    """Unpacks gzip bit by bit and stops at a limit, so that a bomb is refused before it goes off."""

    def __init__(self, content: bytes, limit: int) -> None:
        self._left = limit + 2**20  # tar's own headers and padding come on top
        self._limit = limit
        self._packed = content
        self._unpacker = zlib.decompressobj(wbits=31)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        chunk = self._unpacker.decompress(self._packed, 2**20 if size < 0 else size)
        self._packed = self._unpacker.unconsumed_tail
        self._left -= len(chunk)
        if self._left < 0:
            raise _too_large_unpacked(self._limit)
        return chunk

    def finish(self) -> None:
        """Refuses what we have not seen and Helm might: Go reads several gzip streams as one, zlib the first alone."""
        while self.read(2**16):
            pass
        if not self._unpacker.eof or self._unpacker.unused_data:
            raise ValueError("it is cut off, or goes on after its end")


def _metadata(files: dict[str, bytes]) -> dict[str, Any]:
    if "Chart.yaml" not in files:
        raise _wrong("chart_malformed", "The archive has no Chart.yaml in its folder: package it with `helm package`.")
    try:
        metadata = load(files["Chart.yaml"])
    except (yaml.YAMLError, ValueError):
        raise _wrong("chart_malformed", "Chart.yaml is not valid YAML.") from None
    if not isinstance(metadata, dict) or metadata.get("apiVersion") not in ("v1", "v2"):
        raise _wrong("chart_malformed", "Chart.yaml must have an apiVersion of v1 or v2.")
    for field in ("name", "version"):
        value = metadata.get(field)
        if (
            not isinstance(value, str)
            or not value.strip()
            or value.startswith("-")
            or "/" in value
            or text_problem(value, what=field, longest=250)
        ):
            raise _wrong("chart_malformed", f"Chart.yaml must have a `{field}` as text.")
    if metadata.get("type") == "library":
        raise _wrong("chart_not_installable", "This is a library chart, which can't be installed.")
    return metadata


def _schema(text: bytes | None) -> dict[str, Any] | None:
    schema = _json(text) if text is not None else None
    return schema if isinstance(schema, dict) else None


def _json(text: bytes) -> Any:
    try:
        return orjson.loads(text)
    except ValueError:
        raise _wrong("chart_malformed", "The chart's values.schema.json is not valid JSON.") from None


def _text(value: object) -> str | None:
    return None if value is None else str(value).replace("\x00", "")


def _too_large_unpacked(limit: int) -> ValidationFailed:
    return _wrong("chart_too_large", f"The archive unpacks to more than {limit:,} bytes.")


def _wrong(code: str, message: str) -> ValidationFailed:
    return invalid(code, message, "archive")
