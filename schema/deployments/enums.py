"""The subject's enums, as those of the API."""

import strawberry

from app.deployments.warnings import WarningCode
from app.tables.deployments import DriftPolicy

strawberry.enum(DriftPolicy)
strawberry.enum(WarningCode, name="PlanWarningCode")

__all__ = ["DriftPolicy", "WarningCode"]
