"""Facts: frozen objects that are read from columns of the database.

Each field names its column, so that a fact has one place, and the type checker compares the two types. A field without
a column is an error of the type checker where another field comes before it, and of `columns_of` in any case.
"""

from collections.abc import Iterable
from dataclasses import field, fields
from typing import Any, TypeVar

from sqlalchemy import Label, RowMapping, SQLColumnExpression

Value = TypeVar("Value")
Facts = TypeVar("Facts")
_COLUMN = "column"


def fact(column: SQLColumnExpression[Value]) -> Value:
    """A field of a frozen dataclass that is read from this column."""
    made: Any = field(metadata={_COLUMN: column})
    found: Value = made
    return found


def columns_of(kind: type[Any]) -> list[Label[Any]]:
    """The columns of such a class, for a selection."""
    return [each.metadata[_COLUMN].label(each.name) for each in fields(kind)]


def read(kind: type[Facts], rows: Iterable[RowMapping]) -> list[Facts]:
    """The facts in each row of a selection with their columns, by the columns' names."""
    names = [column.name for column in columns_of(kind)]
    return [kind(**{name: row[name] for name in names}) for row in rows]
