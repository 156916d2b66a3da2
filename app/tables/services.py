from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import SQLModel

from app.tables.columns import Bytes, Id, Ref, Timestamp, now


class ServiceDefinition(SQLModel, table=True):
    """A service of an organization. Its text is that of its revision with the number `revision`."""

    __tablename__ = "service_definition"
    __table_args__ = (UniqueConstraint("organization_id", "name"),)

    id: int = Id()
    organization_id: int = Ref("organization.id")
    name: str
    description: str | None = None
    revision: int = 1  # the number of the current revision
    created_at: datetime = Timestamp(default_factory=now)
    updated_at: datetime = Timestamp(default_factory=now)


class ServiceRevision(SQLModel, table=True):
    """What a user has saved as a service's definition. It never changes."""

    __tablename__ = "service_revision"
    __table_args__ = (UniqueConstraint("definition_id", "number"),)

    id: int = Id()
    definition_id: int = Ref("service_definition.id")
    number: int
    text: str  # valid YAML
    content: bytes = (
        Bytes()
    )  # JSON, as `app.catalog.content` writes it; Postgres would refuse some of the texts in JSON
    author: str
    created_at: datetime = Timestamp(default_factory=now)
