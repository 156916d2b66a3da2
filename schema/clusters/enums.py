"""The subject's enums, as those of the API."""

import strawberry

from app.tables.clusters import Reachability

strawberry.enum(Reachability)

__all__ = ["Reachability"]
