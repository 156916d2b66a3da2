from sqlalchemy import UniqueConstraint

from app.tables.columns import Json, Ref
from app.tables.definitions import Definition, Revision


class WorkflowDefinition(Definition, table=True):
    """A workflow of an organization."""

    __tablename__ = "workflow_definition"
    __table_args__ = (UniqueConstraint("organization_id", "name"),)

    step_types: list[str] = Json(default_factory=list)  # those of the current revision that are not built in


class WorkflowRevision(Revision, table=True):
    """What a user has saved as a workflow's definition."""

    __tablename__ = "workflow_revision"
    __table_args__ = (UniqueConstraint("definition_id", "number"),)

    definition_id: int = Ref("workflow_definition.id")


class StepDefinition(Definition, table=True):
    """A step type of an organization, made of other steps."""

    __tablename__ = "step_definition"
    __table_args__ = (UniqueConstraint("organization_id", "name"),)

    step_types: list[str] = Json(default_factory=list)  # those of the current revision that are not built in


class StepDefinitionRevision(Revision, table=True):
    """What a user has saved as a step definition."""

    __tablename__ = "step_definition_revision"
    __table_args__ = (UniqueConstraint("definition_id", "number"),)

    definition_id: int = Ref("step_definition.id")
