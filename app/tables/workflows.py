from sqlalchemy import UniqueConstraint

from app.tables.columns import Ref
from app.tables.definitions import Definition, Revision


class WorkflowDefinition(Definition, table=True):
    """A workflow of an organization."""

    __tablename__ = "workflow_definition"
    __table_args__ = (UniqueConstraint("organization_id", "name"),)


class WorkflowRevision(Revision, table=True):
    """What a user has saved as a workflow's definition."""

    __tablename__ = "workflow_revision"
    __table_args__ = (UniqueConstraint("definition_id", "number"),)

    definition_id: int = Ref("workflow_definition.id")
