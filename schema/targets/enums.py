"""Registers the enums of targets with the API, with their descriptions. The subject defines them."""

import strawberry

from app.releases.layers import LayerKind
from app.releases.next_steps import NextStep
from app.releases.status import ReasonCode, TargetStatus
from app.targets.activity import Phase

for _enum in (NextStep, ReasonCode, TargetStatus):
    strawberry.enum(_enum)
strawberry.enum(Phase, name="ActivityPhase")
strawberry.enum(LayerKind, name="ValueLayerKind")

__all__ = ["LayerKind", "NextStep", "Phase", "ReasonCode", "TargetStatus"]
