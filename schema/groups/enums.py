"""Registers the enums of groups with the API, with their descriptions. The subject defines them."""

import strawberry

from app.tables.groups import FeatureState

strawberry.enum(FeatureState)

__all__ = ["FeatureState"]
