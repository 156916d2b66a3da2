"""Where and how Helm stores the revisions of a release: each in a separate Secret (Helm's `pkg/storage/driver`)."""

import base64
import gzip
import re
import zlib
from urllib.parse import quote

SECRET_TYPE = "helm.sh/release.v1"  # noqa: S105 - a type, no password
PREFIX = "sh.helm.release.v1."
SECRET_NAME = re.compile(rf"{re.escape(PREFIX)}(?P<name>.+)\.v(?P<revision>[0-9]{{1,9}})")

MAX_RECORD_BYTES = 32 * 2**20
"""The maximum size of an unpacked record, in bytes. A Secret of 1 MiB could otherwise unpack to a gigabyte."""

_GZIP = b"\x1f\x8b\x08"


def secret_name(release: str, revision: int) -> str:
    return f"{PREFIX}{release}.v{revision}"


def secrets_path(namespace: str) -> str:
    return f"/api/v1/namespaces/{quote(namespace, safe='')}/secrets"


def secret_path(namespace: str, secret: str) -> str:
    return f"{secrets_path(namespace)}/{quote(secret, safe='')}"


def packed(record: bytes, *, level: int = 9) -> str:
    """A record in the form that a Secret's data has: gzipped, in base64, and in base64 again, like all data of
    Secrets."""
    return base64.b64encode(base64.b64encode(gzip.compress(record, compresslevel=level))).decode()


def unpacked(data: str) -> bytes:
    """The record in a Secret's data.

    Raises:
        ValueError, zlib.error: if there is none, or it is too large.
    """
    content = base64.b64decode(base64.b64decode(data))
    if not content.startswith(_GZIP):  # Helm also reads uncompressed records of old versions
        return content
    unpacker = zlib.decompressobj(wbits=31)
    record = unpacker.decompress(content, MAX_RECORD_BYTES)
    if unpacker.unconsumed_tail:
        raise ValueError(f"it unpacks to more than {MAX_RECORD_BYTES} bytes")
    if not unpacker.eof:
        raise ValueError("it is cut off")
    return record
