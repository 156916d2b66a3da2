"""The enums of the core, as those of the API."""

import strawberry

from app.operations.outcomes import ResultOutcome
from app.releases.next_steps import NextStep
from app.releases.status import ReasonCode, TargetStatus
from app.releases.step import ReleaseAction
from app.tables.charts import ChartRepositoryKind
from app.tables.clusters import Reachability
from app.tables.deployments import DriftPolicy
from app.tables.events import Outcome
from app.tables.groups import FeatureState
from app.tables.identity import Method as SignInMethod
from app.tables.identity import Role, Source
from app.tables.operations import OperationKind
from app.tables.secrets import SecretKind
from app.tables.states import OperationState
from app.targets.activity import Phase

for _enum in (
    ChartRepositoryKind,
    DriftPolicy,
    FeatureState,
    NextStep,
    OperationKind,
    OperationState,
    Outcome,
    Reachability,
    ReasonCode,
    ResultOutcome,
    Role,
    SecretKind,
    Source,
    TargetStatus,
):
    strawberry.enum(_enum)
strawberry.enum(SignInMethod, name="SignInMethod")
strawberry.enum(Phase, name="ActivityPhase")
strawberry.enum(
    ReleaseAction,
    description="What Helm is run for. ROLLBACK stands in results of older versions only: a rollback to an earlier"
    " generation is an UPGRADE.",
)

__all__ = [
    "ChartRepositoryKind",
    "DriftPolicy",
    "FeatureState",
    "NextStep",
    "OperationKind",
    "OperationState",
    "Outcome",
    "Phase",
    "Reachability",
    "ReasonCode",
    "ReleaseAction",
    "ResultOutcome",
    "Role",
    "SecretKind",
    "SignInMethod",
    "Source",
    "TargetStatus",
]
