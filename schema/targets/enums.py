"""The subject's enums, as those of the API."""

import strawberry

from app.releases.next_steps import NextStep
from app.releases.status import ReasonCode, TargetStatus
from app.targets.activity import Phase

for _enum in (NextStep, ReasonCode, TargetStatus):
    strawberry.enum(_enum)
strawberry.enum(Phase, name="ActivityPhase")

__all__ = ["NextStep", "Phase", "ReasonCode", "TargetStatus"]
