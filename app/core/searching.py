"""Text search in lists, with a limit for the search text.

Postgres compares the text at every position of every row, so a long text costs the product of both lengths.
"""

from typing import Any

from sqlalchemy import ColumnElement, or_
from sqlmodel import col

from app.core.errors import invalid
from app.registers.common import CommonCode

LONGEST = 200
"""The maximum length of a search text. Names have at most 63 characters, and messages are found by a part of them."""


def mentions(text: str, *columns: Any, at: str = "search") -> ColumnElement[bool]:
    """Returns a condition for rows with the text in one of the columns, ignoring case.

    Raises:
        ValidationFailed: The text is longer than `LONGEST`.
    """
    bounded(text, at)
    return or_(*(col(column).icontains(text, autoescape=True) for column in columns))


def bounded(text: str, at: str) -> str:
    """Returns the text. Raises ValidationFailed if it is longer than `LONGEST`."""
    if len(text) > LONGEST:
        raise invalid(
            CommonCode.SEARCH_TOO_LONG,
            f"A search text has at most {LONGEST} characters. This one has {len(text):,}.",
            at,
        )
    return text
