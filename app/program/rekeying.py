"""Seals everything again with the first key of the ring while Polyhelm runs: a few rows in each transaction.

It is safe to interrupt, to repeat, and to run twice at once. Sealed columns are found by their type
(`app.tables.SealedBytes`), so that no table can be forgotten.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from sqlalchemy import Column, Table, bindparam, func, select, union_all, update
from sqlalchemy.ext.asyncio import AsyncConnection

import app.core.migrations  # noqa: F401 - every table is to be known
from app.core.database import Database
from app.core.encryption import KeyRing, KeyRingError, Sealed
from app.tables import all_tables
from app.tables.columns import SEALED_UNDER

_AT_ONCE = 100
_PASSES = 5
_PAUSE_SECONDS = 1.0  # for other transactions to release their rows


@dataclass(frozen=True)
class SealedColumn:
    """A sealed column of a table, and the column with the key that seals it."""

    table: Table
    data: Column[bytes]
    key: Column[str]


@dataclass(frozen=True)
class Progress:
    """`done` counts the rows that were sealed again, `left` those that are still sealed with each other key.
    `unreadable` maps rows (as `table:id`) that cannot be opened to the reason."""

    done: int
    left: Counter[str]
    unreadable: dict[str, str] = field(default_factory=dict)


def sealed_columns() -> list[SealedColumn]:
    return [
        SealedColumn(table, column, table.c[column.info[SEALED_UNDER]])
        for table in all_tables().sorted_tables
        for column in table.c
        if SEALED_UNDER in column.info
    ]


async def keys_in_use(database: Database) -> Counter[str]:
    """The number of rows that are sealed with each key."""
    counts = [
        select(column.key.label("key"), func.count().label("rows"))
        .where(column.data.is_not(None))
        .group_by(column.key)
        .subquery()
        .select()
        for column in sealed_columns()
    ]
    found: Counter[str] = Counter()
    for key, rows in await database.rows(union_all(*counts)):
        found[key] += rows
    return found


async def rekey(database: Database, ring: KeyRing) -> AsyncIterator[Progress]:
    """Seals everything again that is sealed with another key than the first of the ring, and yields its progress after
    every few rows. Rows that are left in the last report could not be opened, or were sealed with an old key in the
    meantime."""
    done = 0
    unreadable: dict[str, str] = {}
    left = _others(await keys_in_use(database), ring)
    for number in range(_PASSES):
        if number and left:
            await asyncio.sleep(_PAUSE_SECONDS)
        for column in sealed_columns():
            after = 0
            while True:
                async with database.engine.begin() as connection:
                    last, resealed, failed = await _reseal(connection, column, ring, after)
                if last is None:
                    break
                after = last
                unreadable |= failed
                done += resealed.total()
                left = left - resealed
                yield Progress(done, left, unreadable)
        left = _others(await keys_in_use(database), ring)
        if left.total() <= len(unreadable):
            break
    yield Progress(done, left, unreadable)


def _others(keys: Counter[str], ring: KeyRing) -> Counter[str]:
    return Counter({key: count for key, count in keys.items() if key != ring.current})


async def _reseal(
    connection: AsyncConnection, column: SealedColumn, ring: KeyRing, after: int
) -> tuple[int | None, Counter[str], dict[str, str]]:
    """Seals the next few rows again. Returns the ID of the last one, the keys that they were sealed with, and those
    that cannot be opened. It waits for no lock: rows that another transaction holds are left for the next pass."""
    statement = (
        select(column.table.c.id, column.data, column.key)
        .where(column.key != ring.current, column.data.is_not(None), column.table.c.id > after)
        .order_by(column.table.c.id)
        .limit(_AT_ONCE)
        .with_for_update(skip_locked=True, key_share=True)
    )
    rows = (await connection.execute(statement)).all()
    fresh: list[dict[str, object]] = []
    keys: Counter[str] = Counter()
    failed: dict[str, str] = {}
    for row_id, data, key in rows:
        place = f"{column.table.name}:{row_id}"
        try:
            sealed = ring.seal(ring.open(Sealed(key, data), place), place)
        except KeyRingError as error:
            failed[place] = str(error)
        else:
            fresh.append({"row": row_id, "data": sealed.data, "key": sealed.key_id})
            keys[key] += 1
    if fresh:
        changed = update(column.table).where(column.table.c.id == bindparam("row"))
        changed = changed.values({column.data.name: bindparam("data"), column.key.name: bindparam("key")})
        await connection.execute(changed, fresh)
    return rows[-1].id if rows else None, keys, failed
