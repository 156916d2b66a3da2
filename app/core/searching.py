"""Text search in lists: one condition for all of them, with a bound on what is searched for.

Postgres compares the text at every position of every row, so a long text costs the product of both lengths.
"""

from typing import Any

from sqlalchemy import ColumnElement, or_
from sqlmodel import col

from app.core.errors import invalid
from app.registers.common import CommonCode

LONGEST = 200
"""Characters that can be searched for. Names have at most 63, and messages are found by a part of them."""


def mentions(text: str, *columns: Any, at: str = "search") -> ColumnElement[bool]:
    """Rows with the text in one of the columns, in any case.

    Raises:
        ValidationFailed: where the text is longer than `LONGEST`.
    """
    bounded(text, at)
    return or_(*(col(column).icontains(text, autoescape=True) for column in columns))


def bounded(text: str, at: str) -> str:
    """The text. Raises ValidationFailed where it is longer than `LONGEST`."""
    if len(text) > LONGEST:
        raise invalid(
            CommonCode.SEARCH_TOO_LONG, f"Search for at most {LONGEST} characters; this text has {len(text):,}.", at
        )
    return text
