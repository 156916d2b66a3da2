"""The enums of the core, as those of the API."""

import strawberry

from app.charts.tables import ChartRepositoryKind
from app.clusters.tables import Reachability
from app.deployments.tables import DriftPolicy
from app.events.tables import Outcome
from app.groups.tables import FeatureState
from app.identity.tables import Method as SignInMethod
from app.identity.tables import Role, Source
from app.operations.outcomes import ResultOutcome
from app.operations.states import OperationState
from app.operations.tables import OperationKind
from app.releases.next_steps import NextStep
from app.releases.status import ReasonCode, TargetStatus
from app.releases.step import ReleaseAction
from app.secrets.tables import SecretKind
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
