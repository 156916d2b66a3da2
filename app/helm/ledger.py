"""What one run of Helm asked of a member, and what became of it. Pure: it is told of each request and each answer.

Why a run failed, how far it came, and whether it may have changed something is read from here, and not from Helm's
words, which hold those of charts and of whatever a member passes on (docs/decisions/failures.md).
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from app.clusters.service_accounts import ServiceAccount
from app.core.errors import ActionError, TemporaryError
from app.helm import refusal
from app.helm.request import Request
from app.releases.error_codes import ActionCode
from app.releases.hook import Hook

_IDLE_SECONDS = 1.0
"""Helm looks every two seconds whether what it waits for is ready, and otherwise asks without a pause."""


class Stage(StrEnum):
    CHECKING = "CHECKING"  # Helm renders and validates; no record of this run was written
    WRITING = "WRITING"  # validation is over; the release's record and objects are being written
    HOOK = "HOOK"  # a hook was created, and nothing was written since
    WAITING = "WAITING"  # Helm waits for objects to become ready, or to be gone


class Fate(StrEnum):
    """What became of a write."""

    NONE = "NONE"  # it was never sent
    REFUSED = "REFUSED"  # the member has not done it
    UNKNOWN = "UNKNOWN"  # it was sent, and the member may have done it or not
    ACCEPTED = "ACCEPTED"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is. `wrote` is True as soon as something may have changed on the member."""

    stage: Stage = Stage.CHECKING
    hook: Hook | None = None
    wrote: bool = False


def nobody_watches(_: Progress) -> None:
    """For runs whose progress interests nobody."""


@dataclass(slots=True, eq=False)
class Exchange:
    """A request that was sent, or is about to be."""

    request: Request
    fate: Fate = Fate.NONE


@dataclass(slots=True)
class _Trouble:
    request: Request
    error: ActionError
    is_final: bool
    """No later success of the same request takes it back."""


class Ledger:
    """`on_progress` is called at each change of `progress`. `account` is the service account that the requests are sent
    as, if there is one."""

    def __init__(
        self, on_progress: Callable[[Progress], None] = nobody_watches, account: ServiceAccount | None = None
    ) -> None:
        self.progress = Progress()
        self._on_progress = on_progress
        self._account = account
        self._first_record: Exchange | None = None
        self._last_record: Exchange | None = None
        self._has_written = False
        self._unknown = 0  # writes that may have been done
        self._troubles: list[_Trouble] = []
        self._open = 0
        self._idle_since: float | None = None

    @property
    def last_record_is_written(self) -> bool:
        """False where the last write of the release's record may not have been done."""
        return self._last_record is None or self._last_record.fate is Fate.ACCEPTED

    def cause(self) -> ActionError | None:
        """The trouble that ended the run: the first write that failed, else the first read that failed. What was
        repeated with success, or did not keep Helm from going on, is no longer one."""
        first = self._first_trouble()
        return first.error if first else None

    @property
    def refused(self) -> str:
        """The object that the `cause` is about, in the manner of kubectl; empty where there is no cause."""
        first = self._first_trouble()
        return first.request.object if first else ""

    def _first_trouble(self) -> _Trouble | None:
        return min(self._troubles, key=lambda trouble: not trouble.request.writes, default=None)

    def begin(self, request: Request, moment: float) -> Exchange:
        """Helm asks for something; `moment` is in seconds of a clock that only goes forward."""
        exchange = Exchange(request)
        was_idle = self._idle_since is not None and moment - self._idle_since >= _IDLE_SECONDS
        self._open += 1
        self._idle_since = None
        stage, hook = self.progress.stage, self.progress.hook
        if request.revision is not None:
            self._begin_record(exchange)
            stage, hook = Stage.WRITING, None
        elif request.writes and stage is not Stage.CHECKING:  # until then, only namespaces and CRDs are created
            stage, hook = (Stage.HOOK, request.hook) if request.hook else (Stage.WRITING, None)
        elif stage is Stage.WRITING and was_idle:
            stage = Stage.WAITING
        self._tell(stage, hook)
        return exchange

    def _begin_record(self, exchange: Exchange) -> None:
        self._last_record = exchange
        first = self._first_record
        if exchange.request.method == "DELETE":  # of an old revision, or of all at the end
            pass
        elif first is None:
            self._first_record = exchange
            # What could not be read until here did not keep Helm from going on.
            self._troubles = [trouble for trouble in self._troubles if trouble.request.writes]
        elif first.fate is Fate.REFUSED and first.request == exchange.request:
            self._first_record = exchange
            return  # the same once more
        for trouble in self._troubles:
            trouble.is_final = True  # from here on, the same request is no longer a try of the same thing

    def sent(self, exchange: Exchange) -> None:
        """The request is on its way to the member."""
        self._decide(exchange, Fate.UNKNOWN)

    def answered(self, exchange: Exchange, status: int, retry_after: str | None = None, body: bytes = b"") -> None:
        """An answer came. `body` is needed where the status is an error."""
        request = exchange.request
        error = refusal.trouble(request, status, retry_after, body, self._account)
        # Before the record, only the namespace and CRDs are created, and Helm takes those that exist as they are.
        is_taken = error is not None and error.code == ActionCode.RESOURCE_EXISTS and self._first_record is None
        if error is None or is_taken:
            self._decide(exchange, Fate.REFUSED if is_taken else Fate.ACCEPTED)
            self._troubles = [found for found in self._troubles if found.is_final or found.request.key != request.key]
            return
        passes = isinstance(error, TemporaryError)
        may_be_done = passes and (status >= 500 or status == 408)
        self._decide(exchange, Fate.UNKNOWN if may_be_done else Fate.REFUSED)
        self._troubles.append(_Trouble(request, error, is_final=request.writes and not passes))

    def failed(self, exchange: Exchange, error: ActionError) -> None:
        """Our connection failed: before the request was sent, or without a whole answer to it."""
        self._troubles.append(_Trouble(exchange.request, error, is_final=False))

    def ended(self, exchange: Exchange, moment: float) -> None:
        """Whatever became of the request, Helm waits no longer for it."""
        self._open -= 1
        if not self._open:
            self._idle_since = moment

    def _decide(self, exchange: Exchange, fate: Fate) -> None:
        if exchange.request.writes:
            self._unknown += (fate is Fate.UNKNOWN) - (exchange.fate is Fate.UNKNOWN)
            self._has_written |= fate is Fate.ACCEPTED
            exchange.fate = fate
            self._tell(self.progress.stage, self.progress.hook)

    def _tell(self, stage: Stage, hook: Hook | None) -> None:
        progress = Progress(stage, hook, self._has_written or self._unknown > 0)
        if progress != self.progress:
            self.progress = progress
            self._on_progress(progress)
