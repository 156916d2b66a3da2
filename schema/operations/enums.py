"""The subject's enums, as those of the API."""

import strawberry

from app.operations.outcomes import ResultOutcome
from app.releases.step import ReleaseAction
from app.tables.operations import OperationKind
from app.tables.states import OperationState

for _enum in (OperationKind, OperationState, ResultOutcome):
    strawberry.enum(_enum)
strawberry.enum(
    ReleaseAction,
    description="What Helm is run for. ROLLBACK stands in results of older versions only: a rollback to an earlier"
    " generation is an UPGRADE.",
)

__all__ = ["OperationKind", "OperationState", "ReleaseAction", "ResultOutcome"]
