"""Keyset pagination: a page continues after the last row of the previous one, even if rows were added or removed."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import orjson
from sqlalchemy import BigInteger, Integer, tuple_
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.errors import invalid
from app.registers.common import CommonCode

DEFAULT = 50
MOST = 200

T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """Rows in order, each with its cursor."""

    rows: Sequence[T]
    cursors: Sequence[str]
    has_next: bool
    has_previous: bool


@dataclass(frozen=True)
class Window:
    """The requested page: `first` rows after the cursor `after`."""

    first: int = DEFAULT
    after: str | None = None

    @classmethod
    def of(cls, first: int | None, after: str | None) -> "Window":
        """Returns the window of a request. Null stands for the default."""
        return cls(DEFAULT if first is None else first, after)

    def __post_init__(self) -> None:
        if not 0 <= self.first <= MOST:
            raise invalid(CommonCode.PAGE_SIZE, f"`first` must be between 0 and {MOST}.", "first")


async def fetch_page(
    session: AsyncSession, statement: Any, keys: Sequence[Any], window: Window, *, descending: bool = False
) -> Page[Any]:
    """Returns one page of a select of one entity, in the order of `keys`: columns that are unique together."""
    if window.after is not None:
        position = position_of(window.after, keys)
        statement = statement.where(tuple_(*keys) < position if descending else tuple_(*keys) > position)
    statement = statement.order_by(*(key.desc() if descending else key for key in keys)).limit(window.first + 1)
    rows = list((await session.exec(statement)).all())
    has_next = len(rows) > window.first
    rows = rows[: window.first]
    cursors = [cursor_of(*(getattr(row, key.key) for key in keys)) for row in rows]
    return Page(rows, cursors, has_next, window.after is not None)


def cursor_of(*position: Any) -> str:
    """Returns the cursor of the row with these keys."""
    return base64.urlsafe_b64encode(orjson.dumps(position)).decode()


def position_of(cursor: str, keys: Sequence[Any]) -> tuple[Any, ...]:
    """Returns the keys in a cursor.

    Raises:
        ValidationFailed: It is not a cursor of such a list.
    """
    try:
        position = orjson.loads(base64.b64decode(cursor, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        position = None
    if not isinstance(position, list) or len(position) != len(keys) or not all(map(_fits, position, keys)):
        raise invalid(CommonCode.CURSOR, "This is not a valid cursor of this list.", "after")
    return tuple(position)


def _fits(part: object, key: Any) -> bool:
    """Returns whether Postgres can compare the value with the column."""
    if isinstance(key.type, Integer):
        bits = 63 if isinstance(key.type, BigInteger) else 31
        return isinstance(part, int) and not isinstance(part, bool) and abs(part) < 2**bits
    return isinstance(part, str) and "\x00" not in part
