"""The state that outlives the process: port, certificates, tokens and objects, in one SQLite file.

Writes are collected, only the last one of each object, and saved a few times a second as one transaction in a separate
thread. After a SIGKILL, the file therefore holds the whole state at one moment, less than a second ago.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from simulator.certificates import Certificates

if TYPE_CHECKING:
    from pathlib import Path

    from simulator.records import Object, Record
    from simulator.store import Kind

INTERVAL = 0.25
"""The number of seconds between two saves."""

LEAP = 1_000_000
"""Added to each member's version at a start. Versions that were sent but not saved are therefore never used again, and
watchers from before the restart have to list again."""

_TABLES = """
CREATE TABLE IF NOT EXISTS server (one INTEGER PRIMARY KEY CHECK (one = 1),
    port INTEGER NOT NULL, authority BLOB NOT NULL, certificate BLOB NOT NULL, key BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS members (name TEXT PRIMARY KEY, token TEXT NOT NULL, version INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS objects (member TEXT, grp TEXT, plural TEXT, namespace TEXT, name TEXT,
    body BLOB NOT NULL, PRIMARY KEY (member, grp, plural, namespace, name)) WITHOUT ROWID;
"""

_log = logging.getLogger(__name__)

_Key = tuple[str, str, str, str, str]


@dataclass
class Saved:
    """The saved state of a member."""

    token: str
    version: int
    objects: list[tuple[Kind, Object]] = field(default_factory=list)


class State:
    """The state's file, in a folder. Only its owner can read it, because it has tokens and a key."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / "members.sqlite"
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        self._thread = ThreadPoolExecutor(1, "simulator-state")
        self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")  # a killed process loses nothing, which is enough
        self._database.executescript(_TABLES)
        self._objects: dict[_Key, bytes | None] = {}
        self._versions: dict[str, int] = {}
        self._task: asyncio.Task[None] | None = None

    def server(self) -> tuple[int, Certificates] | None:
        row = self._database.execute("SELECT port, authority, certificate, key FROM server").fetchone()
        return None if row is None else (row[0], Certificates(*row[1:]))

    def keep_server(self, port: int, certificates: Certificates) -> None:
        row = (port, certificates.authority, certificates.server, certificates.key)
        self._database.execute("INSERT OR REPLACE INTO server VALUES (1, ?, ?, ?, ?)", row)

    def members(self) -> dict[str, Saved]:
        rows = self._database.execute("SELECT name, token, version FROM members")
        saved = {name: Saved(token, version + LEAP) for name, token, version in rows}
        for member, group, plural, body in self._database.execute("SELECT member, grp, plural, body FROM objects"):
            saved[member].objects.append(((group, plural), orjson.loads(body)))
        return saved

    def keep_member(self, name: str, token: str, version: int) -> None:
        self._database.execute("INSERT OR REPLACE INTO members VALUES (?, ?, ?)", (name, token, version))

    def keep(self, member: str, kind: Kind, record: Record, present: bool) -> None:
        """Keeps a write until the next save."""
        self._objects[(member, *kind, record.namespace, record.name)] = record.body if present else None
        self._versions[member] = record.version

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._save_regularly())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        await self._save()
        self._thread.shutdown()
        self._database.close()

    async def _save_regularly(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL)
            await self._save()

    async def _save(self) -> None:
        if not self._versions:
            return
        objects, self._objects = self._objects, {}
        versions, self._versions = self._versions, {}
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._write, objects, versions)
        except sqlite3.Error:
            _log.exception("the state was not saved; the next saving tries again")
            self._objects = {**objects, **self._objects}
            self._versions = {**versions, **self._versions}

    def _write(self, objects: dict[_Key, bytes | None], versions: dict[str, int]) -> None:
        present: list[Any] = [(*key, body) for key, body in objects.items() if body is not None]
        gone = [key for key, body in objects.items() if body is None]
        with self._database as database:
            database.execute("BEGIN")
            database.executemany("INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?, ?)", present)
            database.executemany(
                "DELETE FROM objects WHERE (member, grp, plural, namespace, name) = (?, ?, ?, ?, ?)", gone
            )
            database.executemany("UPDATE members SET version = ?2 WHERE name = ?1", list(versions.items()))
