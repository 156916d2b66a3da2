"""Registers the enums of clusters with the API, with their descriptions. The subject defines them."""

import strawberry

from app.tables.clusters import Reachability

strawberry.enum(Reachability)

__all__ = ["Reachability"]
