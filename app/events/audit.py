"""Records an event for a mutation that recorded none itself: it was refused, failed, or changed nothing."""

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
    Outcome.SUCCEEDED: (InstallationEvent.MUTATION_DONE, "succeeded and changed nothing."),
    Outcome.REFUSED: (InstallationEvent.MUTATION_REFUSED, "was refused."),
    Outcome.FAILED: (InstallationEvent.MUTATION_FAILED, "failed. The log has details under the request id."),
}


async def record_outcome(
    services: Services, origin: Origin, organization_id: int | None, error: Exception | None
) -> None:
    """Records an event for a mutation that has recorded none: that it succeeded or, with an error, that it was refused
    or failed.

    Only the code and the path of an error are recorded, because its message may quote a secret.
    """
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
        # The answer does not depend on the event, and the log has its content.
        log.error("audit.lost", mutation=origin.mutation, actor=origin.actor, outcome=outcome, error=str(lost), **data)
