"""The kinds of events about Redis."""

from app.registers.register import EventKind


class RateEvent(EventKind):
    """Events of rate limits"""

    SUSPENDED = "rates.suspended", "Rate limits are suspended because Redis cannot be reached."
    RESUMED = "rates.resumed", "Rate limits apply again."
