"""The enums of the core, as those of the API."""

import strawberry

from app.charts.tables import ChartRepositoryKind
from app.clusters.tables import Reachability
from app.deployments.tables import DriftPolicy
from app.events.tables import Outcome
from app.groups.tables import FeatureState
from app.identity.tables import Method as SignInMethod
from app.identity.tables import Role, Source
from app.operations.states import OperationState
from app.operations.tables import OperationKind
from app.releases.plan import ReleaseAction
from app.releases.status import ReasonCode, TargetStatus
from app.secrets.tables import SecretKind

for _enum in (
    ChartRepositoryKind,
    DriftPolicy,
    FeatureState,
    OperationKind,
    OperationState,
    Outcome,
    Reachability,
    ReasonCode,
    ReleaseAction,
    Role,
    SecretKind,
    Source,
    TargetStatus,
):
    strawberry.enum(_enum)
strawberry.enum(SignInMethod, name="SignInMethod")

__all__ = [
    "ChartRepositoryKind",
    "DriftPolicy",
    "FeatureState",
    "OperationKind",
    "OperationState",
    "Outcome",
    "Reachability",
    "ReasonCode",
    "ReleaseAction",
    "Role",
    "SecretKind",
    "SignInMethod",
    "Source",
    "TargetStatus",
]
