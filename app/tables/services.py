from sqlalchemy import UniqueConstraint

from app.tables.columns import Bytes, Ref
from app.tables.definitions import Definition, Revision


class ServiceDefinition(Definition, table=True):
    """A service of an organization."""

    __tablename__ = "service_definition"
    __table_args__ = (UniqueConstraint("organization_id", "name"),)


class ServiceRevision(Revision, table=True):
    """What a user has saved as a service's definition."""

    __tablename__ = "service_revision"
    __table_args__ = (UniqueConstraint("definition_id", "number"),)

    definition_id: int = Ref("service_definition.id")
    # JSON, as `app.catalog.content` writes it; Postgres would refuse some of the texts in JSON
    content: bytes = Bytes()
