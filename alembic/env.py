"""How Alembic reaches the database; `app.core.migrations` runs it."""

from typing import Any, Literal

from sqlalchemy.engine import Connection
from sqlmodel.sql.sqltypes import AutoString

from alembic import context
from app.tables import all_tables


def plain_type(kind: str, item: Any, _: object) -> str | Literal[False]:
    """Writes SQLModel's text type as what it is, so that migrations do not depend on SQLModel."""
    return "sa.String()" if kind == "type" and isinstance(item, AutoString) else False


def run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=all_tables(), compare_type=True, render_item=plain_type)
    with context.begin_transaction():
        context.run_migrations()


run(context.config.attributes["connection"])
