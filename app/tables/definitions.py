"""The columns that all tables of definitions have, and those of their revisions."""

from datetime import datetime

from sqlmodel import SQLModel

from app.tables.columns import Id, Ref, Timestamp, now


class Definition(SQLModel):
    """A definition of an organization. Its text is that of its revision with the number `revision`."""

    id: int = Id()
    organization_id: int = Ref("organization.id")
    name: str
    description: str | None = None
    revision: int = 1  # the number of the current revision
    created_at: datetime = Timestamp(default_factory=now)
    updated_at: datetime = Timestamp(default_factory=now)


class Revision(SQLModel):
    """What a user has saved as a definition. It never changes."""

    id: int = Id()
    definition_id: int
    number: int
    text: str  # valid YAML
    author: str
    created_at: datetime = Timestamp(default_factory=now)
