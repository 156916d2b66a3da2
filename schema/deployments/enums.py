"""Registers the enums of deployments with the API, with their descriptions. The subject defines them."""

import strawberry

from app.drift.states import LiveDrift
from app.tables.deployments import CrdPolicy, DriftPolicy

strawberry.enum(DriftPolicy)
strawberry.enum(
    LiveDrift,
    description=(
        "What to do when an object on a cluster differs from the manifest of its release. OFF: objects are not"
        " compared. REPORT: differences are shown, and nothing is written."
    ),
)
strawberry.enum(
    CrdPolicy,
    description=(
        "What to do with the CustomResourceDefinitions in `crds/` of a chart and its enabled subcharts. CREATE: an"
        " install creates those that are missing; no upgrade changes any, as in Helm. CREATE_REPLACE: before each"
        " install and upgrade, missing ones are created, and those that differ are replaced. SKIP: nothing is created."
    ),
)

__all__ = ["CrdPolicy", "DriftPolicy", "LiveDrift"]
