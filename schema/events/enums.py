"""The subject's enums, as those of the API."""

import strawberry

from app.tables.events import Outcome

strawberry.enum(Outcome)

__all__ = ["Outcome"]
