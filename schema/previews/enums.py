"""The enums of plans as answers."""

import strawberry

from app.deployments.warnings import WarningCode

strawberry.enum(WarningCode, name="PlanWarningCode")

__all__ = ["WarningCode"]
