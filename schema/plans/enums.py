"""Registers the enums of plans with the API, with their descriptions. The subject defines them."""

import strawberry

from app.tables.plans import PlanKind
from app.tables.states import PlanState, PlanVerdict

strawberry.enum(PlanKind, description="What a plan is for.")
strawberry.enum(
    PlanState,
    description="OPEN plans can be applied until they expire. APPLIED, DISCARDED and EXPIRED are final.",
)
strawberry.enum(PlanVerdict, description="What a user has decided about a plan.")

__all__ = ["PlanKind", "PlanState", "PlanVerdict"]
