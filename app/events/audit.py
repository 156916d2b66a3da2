"""What mutations leave besides the events of what they change: that they were refused, failed, or changed nothing."""

from typing import Any

import structlog

from app.core.database import LOST
from app.core.errors import UserError
from app.core.origin import Origin, plain
from app.core.services import Services
from app.events.codes import InstallationEvent
from app.tables.events import Outcome

log = structlog.get_logger()

_MOST = 20
_WORDS = {
    Outcome.SUCCEEDED: (InstallationEvent.MUTATION_DONE, "was done, and changed nothing that is told elsewhere."),
    Outcome.REFUSED: (InstallationEvent.MUTATION_REFUSED, "was refused."),
    Outcome.FAILED: (InstallationEvent.MUTATION_FAILED, "failed: the log has more under the request's id."),
}


async def tell_outcome(
    services: Services, origin: Origin, organization_id: int | None, error: Exception | None
) -> None:
    """Makes an event of a mutation that left none: of why it was refused or failed, or, without an error, of the fact
    that it was asked for. Of an error only its code and path are told: its words may quote what is secret."""
    outcome, data = Outcome.SUCCEEDED if error is None else Outcome.FAILED, dict[str, Any]()
    if isinstance(error, UserError):
        outcome = Outcome.REFUSED
        data = {"code": error.code, "path": [plain(part) for part in error.path[:_MOST]]}
    kind, words = _WORDS[outcome]
    try:
        async with services.transaction() as transaction:
            transaction.record(
                kind, f"{origin.mutation} {words}", organization_id=organization_id, outcome=outcome, **data
            )
    except LOST as lost:
        # The answer is the same without it, and the log has what the event would have told.
        log.error("audit.lost", mutation=origin.mutation, actor=origin.actor, outcome=outcome, error=str(lost), **data)
