"""The subject's enums, as those of the API."""

import strawberry

from app.tables.deployments import DriftPolicy

strawberry.enum(DriftPolicy)

__all__ = ["DriftPolicy"]
