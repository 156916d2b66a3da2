"""Stores checked archives where every worker can read them: in Postgres, or in a bucket.

Only this module uses aioboto3.
"""

import asyncio
import hashlib
import os
import tempfile
import time
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import aioboto3
import orjson
from botocore.exceptions import BotoCoreError, ClientError
from cachetools import TTLCache
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.charts.package import Package
from app.core.database import Database
from app.core.errors import TemporaryError, invalid
from app.core.settings import Settings
from app.core.threads import in_thread
from app.releases.error_codes import ActionCode
from app.tables.charts import ChartArchive

Version = tuple[int, str, str]
"""The identity of a version: the repository's id, the chart's name, and the version as the repository writes it."""

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:digest, 0))")
_READ_BYTES = 64 * 2**20
_READ_SECONDS = 60.0
_FILES_BYTES = 2**30
"""The size of the local cache in bytes. Beyond it, the least recently used files are removed."""
_USED_SECONDS = 600.0
"""A file that was used within this time is kept, because a Helm run may be reading it."""


class Bucket:
    """Archives in an S3-compatible bucket, by digest."""

    def __init__(self, settings: Settings) -> None:
        assert settings.s3_bucket is not None
        self._bucket = settings.s3_bucket
        self._options = {"endpoint_url": settings.s3_endpoint_url, "region_name": settings.s3_region}
        self._session = aioboto3.Session()
        self._stack = AsyncExitStack()
        self._client: Any = None
        self._connecting = asyncio.Lock()

    async def put(self, digest: str, content: bytes) -> None:
        await self._call("put_object", Key=_key(digest), Body=content, ContentType="application/gzip")

    async def get(self, digest: str) -> bytes:
        answer = await self._call("get_object", Key=_key(digest))
        async with answer["Body"] as body:
            return bytes(await body.read())

    async def delete(self, digest: str) -> None:
        await self._call("delete_object", Key=_key(digest))

    async def _call(self, verb: str, **arguments: Any) -> Any:
        async with self._connecting:
            if self._client is None:
                self._client = await self._stack.enter_async_context(self._session.client("s3", **self._options))
        try:
            return await getattr(self._client, verb)(Bucket=self._bucket, **arguments)
        except (BotoCoreError, ClientError, OSError) as error:
            raise TemporaryError(
                ActionCode.CHART_STORAGE, f"The bucket {self._bucket} cannot be used: {error}"
            ) from None

    async def close(self) -> None:
        await self._stack.aclose()


class Archives:
    """Stores archives by digest and provides them to Helm as local files."""

    def __init__(self, database: Database, folder: Path, bucket: Bucket | None) -> None:
        self._database = database
        self._folder = folder
        self._bucket = bucket
        self._pulls: WeakValueDictionary[Version, asyncio.Lock] = WeakValueDictionary()
        self._read: TTLCache[Version, ChartArchive] = TTLCache(_READ_BYTES, _READ_SECONDS, getsizeof=_text_size)

    def pulling(self, version: Version) -> asyncio.Lock:
        """A lock for a version that is being pulled, so that concurrent requests pull it once."""
        return self._pulls.setdefault(version, asyncio.Lock())

    def read(self, version: Version) -> ChartArchive | None:
        """Recently remembered archives."""
        return self._read.get(version)

    def remember(self, version: Version, package: Package) -> ChartArchive:
        """Keeps the content of an archive in memory for a moment, for requests that only read about it."""
        row = _row(package, content=None)
        with suppress(ValueError):  # it is larger than the whole cache
            self._read[version] = row
        return row

    async def keep(self, package: Package, session: AsyncSession) -> None:
        """Stores an archive, within the caller's transaction. A stored archive stays as it is.

        Raises:
            ValidationFailed: The bucket cannot be used now.
        """
        # The lock prevents its removal until the transaction ends.
        await session.execute(_LOCK, {"digest": package.digest})
        if await session.get(ChartArchive, package.digest) is not None:
            return
        if self._bucket:
            try:
                await self._bucket.put(package.digest, package.content)
            except TemporaryError as error:
                raise invalid(error.code, f"{error.message} Try again later.", "chart") from None
        row = _row(package, content=None if self._bucket else package.content)
        # A concurrent request may have stored it meanwhile.
        await session.execute(insert(ChartArchive).values(row.model_dump()).on_conflict_do_nothing())

    async def discard(self, digest: str) -> None:
        """Removes the content of an archive whose row was deleted, unless the row exists again."""
        await in_thread(self._path(digest).unlink, missing_ok=True)
        if self._bucket is None:
            return
        async with self._database.sessions() as session, session.begin():
            await session.execute(_LOCK, {"digest": digest})
            if await session.get(ChartArchive, digest) is None:
                await self._bucket.delete(digest)

    async def hold(self, package: Package) -> ChartArchive:
        """Provides an archive that is not stored to this process only: its file, and the row that it would have."""
        await in_thread(self._write, package.digest, package.content)
        return _row(package, content=None)

    async def file(self, digest: str) -> Path:
        """Returns a local file with the archive, checked against its digest when it is downloaded.

        Raises:
            TemporaryError: It cannot be downloaded now.
        """
        path = self._path(digest)
        if await in_thread(_touch, path):
            return path
        content = await self._fetch(digest)
        if hashlib.sha256(content).hexdigest() != digest:
            raise TemporaryError(ActionCode.CHART_STORAGE, f"The stored archive {digest} was changed.")
        await in_thread(self._write, digest, content)
        return path

    def _path(self, digest: str) -> Path:
        return self._folder / f"{digest}.tgz"

    def _write(self, digest: str, content: bytes) -> None:
        """Writes a file, and removes the least recently used ones if the cache is full."""
        _write(self._path(digest), content)
        files = sorted((path.stat().st_mtime, path.stat().st_size, path) for path in self._folder.glob("*.tgz"))
        total = sum(size for _, size, _ in files)
        for used_at, size, path in files:
            if total <= _FILES_BYTES or used_at > time.time() - _USED_SECONDS:
                return
            path.unlink(missing_ok=True)
            total -= size

    async def _fetch(self, digest: str) -> bytes:
        rows = await self._database.rows(select(ChartArchive.content).where(col(ChartArchive.digest) == digest))
        content = rows[0][0] if rows else None
        if content is None and self._bucket:
            return await self._bucket.get(digest)
        if content is None:
            raise TemporaryError(
                ActionCode.CHART_STORAGE, f"The archive {digest} is in a bucket that is not configured here."
            )
        return bytes(content)

    async def close(self) -> None:
        if self._bucket:
            await self._bucket.close()


def _row(package: Package, *, content: bytes | None) -> ChartArchive:
    fields = ChartArchive.model_fields.keys() - {"content", "size", "created_at"}
    return ChartArchive(
        **{field: getattr(package, field) for field in fields}, size=len(package.content), content=content
    )


def _text_size(row: ChartArchive) -> int:
    """The approximate number of characters in an archive's row. A parsed schema takes about ten times its text."""
    return len(row.default_values) + len(row.readme or "") + 10 * len(orjson.dumps(row.values_schema or {})) + 1_000


def _touch(path: Path) -> bool:
    """Records the use of a file, and returns whether it exists."""
    try:
        os.utime(path)
    except FileNotFoundError:
        return False
    return True


def _key(digest: str) -> str:
    return f"charts/{digest}.tgz"


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".tmp", delete=False) as draft:
        draft.write(content)
    Path(draft.name).replace(path)  # a concurrent download wrote the same
