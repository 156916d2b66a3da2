"""Checks the machine and the settings, and reports what is missing and how to get it."""

import asyncio
import platform
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass

from redis.asyncio import Redis
from rich.console import Console

from app.core import migrations
from app.core.database import Database
from app.core.encryption import KEYS_FILE, KeyRingError
from app.core.settings import Settings
from app.helm.binary import HelmMissingError, find_helm
from app.program.rekeying import keys_in_use
from app.program.services import key_ring
from app.sandbox import landlock

_SECONDS = 5


@dataclass(frozen=True)
class Finding:
    what: str
    state: str  # "ok", "warning" or "problem"
    words: str


async def examine(settings: Settings, console: Console) -> bool:
    """Prints the findings. Returns whether Polyhelm can run here."""
    fine = True
    async for finding in _findings(settings):
        mark = {"ok": "[green]✓[/]", "warning": "[yellow]![/]", "problem": "[red]✗[/]"}[finding.state]
        console.print(f"{mark} [bold]{finding.what}[/]: {finding.words}", highlight=False, soft_wrap=True)
        fine = fine and finding.state != "problem"
    return fine


async def _findings(settings: Settings) -> AsyncIterator[Finding]:
    yield Finding("Python", "ok", platform.python_version())
    yield await asyncio.to_thread(_helm, settings)
    yield _confinement()
    yield _keys(settings)
    yield await _postgres(settings)
    async for finding in _keys_in_use(settings):
        yield finding
    yield await _redis(settings)
    free = shutil.disk_usage(_existing(settings)).free / 2**30
    state = "ok" if free >= 1 else "warning"
    yield Finding("Disk", state, f"{free:.1f} GiB are free for {settings.data_dir}.")


def _helm(settings: Settings) -> Finding:
    try:
        found = find_helm(settings.helm)
    except HelmMissingError as error:
        return Finding("Helm", "problem", str(error))
    words = f"{found.version} at {found.path}: {found.chosen_because}."
    return Finding("Helm", "warning" if found.warning else "ok", f"{words} {found.warning or ''}".strip())


def _confinement() -> Finding:
    if landlock.is_available():
        return Finding(
            "Helm's connections", "ok", "The kernel limits each Helm run to the port of its cluster's proxy."
        )
    words = "This kernel cannot limit Helm's connections. Linux 6.7 or newer with Landlock can."
    return Finding("Helm's connections", "warning", words)


def _keys(settings: Settings) -> Finding:
    if settings.encryption_keys is None and not (settings.data_dir / KEYS_FILE).exists():
        return Finding(
            "Encryption keys", "ok", f"A key will be generated in {settings.data_dir} when it is first needed."
        )
    try:
        ring = key_ring(settings)
    except KeyRingError as error:
        return Finding("Encryption keys", "problem", str(error))
    where = "POLYHELM_ENCRYPTION_KEYS" if settings.encryption_keys else str(settings.data_dir / KEYS_FILE)
    return Finding("Encryption keys", "ok", f"{where}; {ring.current!r} encrypts. Keep a copy of it.")


async def _postgres(settings: Settings) -> Finding:
    if settings.database_url is None:
        return Finding(
            "Postgres", "ok", "Not configured (POLYHELM_DATABASE_URL): `polyhelm up` starts an embedded Postgres."
        )
    database = Database(settings.database_url, pool_size=2)
    try:
        async with asyncio.timeout(_SECONDS):
            await database.check()
            current = await migrations.is_current(settings.database_url)
    except Exception as error:
        return Finding("Postgres", "problem", f"POLYHELM_DATABASE_URL does not answer: {error or type(error).__name__}")
    finally:
        await database.close()
    if not current:
        return Finding(
            "Postgres", "warning", "It answers, but its schema is of another version. Run `polyhelm migrate`."
        )
    return Finding("Postgres", "ok", "It answers, and its schema is up to date.")


async def _keys_in_use(settings: Settings) -> AsyncIterator[Finding]:
    """Yields nothing if the keys or the database cannot be read, because other findings already report that."""
    if settings.database_url is None:
        return
    database = Database(settings.database_url, pool_size=2)
    try:
        ring = key_ring(settings)
        async with asyncio.timeout(_SECONDS):
            counts = await keys_in_use(database)
    except Exception:
        return
    finally:
        await database.close()
    words = (
        ", ".join(f"{key!r} encrypts {count:,}" for key, count in sorted(counts.items())) or "Nothing is encrypted yet"
    )
    if missing := [repr(key) for key in sorted(counts) if key not in ring]:
        yield Finding(
            "Keys in use",
            "problem",
            f"{words}. POLYHELM_ENCRYPTION_KEYS lacks {', '.join(missing)}. Add it after the first key.",
        )
    elif counts.keys() - {ring.current}:
        yield Finding(
            "Keys in use", "warning", f"{words}. `polyhelm rekey` re-encrypts all of it with {ring.current!r}."
        )
    else:
        yield Finding("Keys in use", "ok", f"{words}.")


async def _redis(settings: Settings) -> Finding:
    if settings.redis_url is None:
        return Finding("Redis", "ok", "Not configured (POLYHELM_REDIS_URL): `polyhelm up` starts an embedded Redis.")
    client = Redis.from_url(settings.redis_url)
    try:
        async with asyncio.timeout(_SECONDS):
            await client.ping()
    except Exception as error:
        return Finding("Redis", "problem", f"POLYHELM_REDIS_URL does not answer: {error or type(error).__name__}")
    finally:
        await client.aclose()
    return Finding("Redis", "ok", "It answers.")


def _existing(settings: Settings) -> str:
    folder = settings.data_dir
    while not folder.exists():
        folder = folder.parent
    return str(folder)
