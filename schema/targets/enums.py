"""Registers the enums of targets with the API, with their descriptions. The subject defines them."""

import strawberry

from app.releases.layers import LayerKind
from app.releases.next_steps import NextStep
from app.releases.remediation import Remedy
from app.releases.status import ReasonCode, TargetStatus
from app.targets.activity import ActivityPhase

for _enum in (NextStep, ReasonCode, TargetStatus):
    strawberry.enum(_enum)
strawberry.enum(ActivityPhase)
strawberry.enum(
    Remedy,
    description="What is done after the last failure of a target to get a generation. NOTHING: it stays as it is."
    " ROLLBACK: it returns to its own last verified generation. A release that has never worked is uninstalled instead."
    " UNINSTALL: its release is uninstalled.",
)
strawberry.enum(LayerKind, name="ValueLayerKind")

__all__ = ["ActivityPhase", "LayerKind", "NextStep", "ReasonCode", "Remedy", "TargetStatus"]
