"""Registers the enums of events with the API, with their descriptions. The subject defines them."""

import strawberry

from app.tables.events import Outcome

strawberry.enum(Outcome)

__all__ = ["Outcome"]
