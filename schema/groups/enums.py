"""The subject's enums, as those of the API."""

import strawberry

from app.tables.groups import FeatureState

strawberry.enum(FeatureState)

__all__ = ["FeatureState"]
