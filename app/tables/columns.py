"""Column types and metadata of all tables. Alembic compares the metadata with the migrations."""

from datetime import UTC, datetime
from enum import Enum
from typing import Any, Literal

from sqlalchemy import BigInteger, DateTime, LargeBinary, MetaData
from sqlalchemy import Enum as SqlEnum
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

metadata: MetaData = SQLModel.metadata


def now() -> datetime:
    return datetime.now(UTC)


def Id() -> Any:  # noqa: N802 - it stands where a type's name would
    """A primary key that the database generates."""
    return Field(default=None, primary_key=True, sa_type=BigInteger)


def Ref(column: str, *, ondelete: Literal["CASCADE", "SET NULL", "RESTRICT"] = "CASCADE", **more: Any) -> Any:  # noqa: N802
    """A foreign key, as `table.column`."""
    return Field(foreign_key=column, ondelete=ondelete, sa_type=BigInteger, **more)


def Timestamp(**more: Any) -> Any:  # noqa: N802
    """A timestamp with its time zone."""
    return Field(sa_type=DateTime(timezone=True), **more)


def Json(**more: Any) -> Any:  # noqa: N802
    return Field(sa_type=JSONB(none_as_null=True), **more)


def Bytes(**more: Any) -> Any:  # noqa: N802
    return Field(sa_type=LargeBinary, **more)


SEALED_UNDER = "sealed under"
"""The key in a column's `info` for the column with the id of its encryption key."""


def SealedBytes(key: str, **more: Any) -> Any:  # noqa: N802
    """Data that a key ring has encrypted for the row, bound to it as `table:id`. `key` is the column with the key's
    id."""
    return Field(sa_type=LargeBinary, sa_column_kwargs={"info": {SEALED_UNDER: key}}, **more)


def Choice(choices: type[Enum], **more: Any) -> Any:  # noqa: N802
    """An enum stored as text, so that a new member needs no lock on the table."""
    return Field(
        sa_type=SqlEnum(
            choices, native_enum=False, length=32, values_callable=lambda cls: [member.value for member in cls]
        ),
        **more,
    )


def api_name(table: type[SQLModel]) -> str:
    """The name of the API's type for rows of this table: the class's name, unless the table has an `__api_name__`."""
    return str(getattr(table, "__api_name__", table.__name__))
