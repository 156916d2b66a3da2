"""Whether a member can be reached: its signs of life, its errors, and what is written about them.

An error is reported once it has lasted, if it says that the member is unreachable, and else at once. If the database is
lost meanwhile, the report is written later.
"""

import asyncio
import random
import time
from contextlib import suppress
from datetime import datetime

from sqlalchemy import update
from sqlmodel import col, select

from app.clusters.member import Member
from app.core.database import LOST
from app.core.errors import ActionError, TemporaryError
from app.fleet.services import AllServices
from app.releases.error_codes import ActionCode
from app.tables.clusters import Reachability
from app.tables.columns import now
from app.tables.operations import OperationResult
from app.tables.targets import Target
from app.targets.joins import OPEN_RESULT
from app.targets.reachability import reachability_of, write_reachability, write_trouble
from reconcilers.observer.assignments import Assignment, still_ours
from reconcilers.observer.timeouts import Timeouts

_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 15.0


class Contact:
    """The contact with one member, for as long as it is watched."""

    def __init__(self, services: AllServices) -> None:
        self.confirmed_at: datetime | None = None
        """The last moment at which all changes on the member were known."""
        self.failures = 0
        """How many errors there were since the member was last well."""
        self._services = services
        self._timeouts = Timeouts.of(services.settings)
        self._well_at = time.monotonic()  # when the member was last without an error, or its last list was written
        self._error: ActionError | None = None  # the last error, until it is reported

    def note_sign_of_life(self) -> None:
        if self.failures == 0:
            self._well_at = time.monotonic()

    def confirm(self) -> None:
        """All changes on the member are known now."""
        self.note_sign_of_life()
        self.confirmed_at = now()

    def recover(self) -> None:
        """All that the last list found is written."""
        self.failures, self._error = 0, None
        self._well_at = time.monotonic()

    async def ping(self, member: Member) -> None:
        """Pings the member. An answer to another request meanwhile counts too: the ping may be queued behind it."""
        began = time.monotonic()
        try:
            await member.ping(seconds=self._timeouts.answer_within(self._left()))
        except TemporaryError as error:
            if error.code != ActionCode.CLUSTER_UNREACHABLE or member.heard_at < began:
                raise
        self.note_sign_of_life()

    def pause(self, member: Member) -> float:
        """Seconds until `keep_up` has something to do."""
        pause = member.heard_at + self._timeouts.quiet - time.monotonic()
        if self._error is not None:
            pause = min(pause, self._left())
        return max(0.0, pause)

    async def keep_up(self, member: Member, assignment: Assignment) -> None:
        """Reports an error that has lasted, and pings a member that has been silent."""
        if self._error is not None and self._left() <= 0:
            await self._report(self._error, assignment)
        if time.monotonic() - member.heard_at >= self._timeouts.quiet:
            await self.ping(member)

    async def fail(self, error: ActionError, assignment: Assignment) -> None:
        """Reports an error, once it has lasted if the member is unreachable, else at once. Waits before a retry."""
        self.failures += 1
        self._error = error
        pause = random.uniform(0, min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(self.failures, 16)))  # noqa: S311
        asked = (error.retry_after if isinstance(error, TemporaryError) else None) or 0.0
        left = self._left()
        if reachability_of(error) is not Reachability.UNREACHABLE or left <= self._timeouts.last:
            await self._report(error, assignment)
            await asyncio.sleep(max(pause, asked))
        elif asked >= left:
            await asyncio.sleep(left)
            await self._report(error, assignment)
            await asyncio.sleep(asked - left)
        else:
            await asyncio.sleep(max(asked, min(pause, left - self._timeouts.last)))

    async def write_reachable(self, assignment: Assignment, notice: str | None) -> None:
        """Records that the member is reachable, with a notice, and wakes the work that waited for it."""
        async with self._services.transaction() as transaction:
            session, cluster_id = transaction.session, assignment.cluster_id
            if not await still_ours(session, [assignment], changes=True):
                return
            if not await write_reachability(transaction, cluster_id, Reachability.REACHABLE, notice):
                return
            waiting = select(Target.id).join(OperationResult, OPEN_RESULT).where(col(Target.cluster_id) == cluster_id)
            woken = list((await session.exec(waiting)).all())
            await session.execute(update(Target).where(col(Target.id).in_(woken)).values(retry_at=None))
            transaction.wake(woken)

    def _left(self) -> float:
        """Seconds until an error with the member has to be reported."""
        return self._well_at + self._timeouts.total - time.monotonic()

    async def _report(self, error: ActionError, assignment: Assignment) -> None:
        with suppress(*LOST):
            async with self._services.transaction() as transaction:
                if await still_ours(transaction.session, [assignment], changes=True):
                    await write_trouble(transaction, assignment.cluster_id, error)
            self._error = None
