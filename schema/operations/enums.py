"""Registers the enums of operations with the API, with their descriptions. The subject defines them."""

import strawberry

from app.operations.outcomes import ResultOutcome
from app.releases.step import ReleaseAction
from app.tables.operations import OperationKind
from app.tables.states import OperationState

for _enum in (OperationKind, OperationState, ResultOutcome):
    strawberry.enum(_enum)
strawberry.enum(
    ReleaseAction,
    description="What is done to a release. ROLLBACK stands in results of older versions only: a rollback to an earlier"
    " generation is an UPGRADE. A CORRECTION sets objects back to the manifest, without Helm, and an API_MIGRATION"
    " writes a revision whose record has other API versions, without Helm.",
)

__all__ = ["OperationKind", "OperationState", "ReleaseAction", "ResultOutcome"]
