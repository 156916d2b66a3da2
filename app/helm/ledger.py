"""The ledger of one Helm run: its requests to a member and their outcome. Pure; its caller reports each request and
each answer.

The ledger determines why a run failed, how far it came, and whether it may have changed something. Helm's output is not
used for this: it contains text of charts and of whatever a member passes on (docs/decisions/failures.md).
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
"""While Helm waits for objects, it polls every two seconds; otherwise it sends requests without a pause."""


class Stage(StrEnum):
    CHECKING = "CHECKING"  # Helm renders and validates; no record of this run was written
    WRITING = "WRITING"  # validation is over; the release's record and objects are being written
    HOOK = "HOOK"  # a hook was created, and nothing has been written since
    WAITING = "WAITING"  # Helm waits for objects to become ready, or to be gone


class WriteOutcome(StrEnum):
    """What became of a write."""

    NONE = "NONE"  # it was never sent
    REFUSED = "REFUSED"  # the member did not carry it out
    UNKNOWN = "UNKNOWN"  # it was sent, and the member may or may not have carried it out
    ACCEPTED = "ACCEPTED"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is. `wrote` becomes True as soon as something may have changed on the member."""

    stage: Stage = Stage.CHECKING
    hook: Hook | None = None
    wrote: bool = False


def nobody_watches(_: Progress) -> None:
    """For runs whose progress is ignored."""


@dataclass(slots=True, eq=False)
class Exchange:
    """A request that was sent, or is about to be."""

    request: Request
    fate: WriteOutcome = WriteOutcome.NONE


@dataclass(slots=True)
class _Trouble:
    request: Request
    error: ActionError
    is_final: bool
    """True if a later success of the same request does not clear it."""


class Ledger:
    """`on_progress` is called at each change of `progress`. `account` is the service account, if any, that sends the
    requests."""

    def __init__(
        self, on_progress: Callable[[Progress], None] = nobody_watches, account: ServiceAccount | None = None
    ) -> None:
        self.progress = Progress()
        self._on_progress = on_progress
        self._account = account
        self._first_record: Exchange | None = None
        self._last_record: Exchange | None = None
        self._has_written = False
        self._unknown = 0  # writes that may have been carried out
        self._troubles: list[_Trouble] = []
        self._open = 0
        self._idle_since: float | None = None

    @property
    def last_record_is_written(self) -> bool:
        """False if the last write of the release's record may not have been carried out."""
        return self._last_record is None or self._last_record.fate is WriteOutcome.ACCEPTED

    def cause(self) -> ActionError | None:
        """The error that ended the run: the first write that failed, else the first read that failed. Failures that a
        later attempt made up for, or that did not keep Helm from continuing, do not count."""
        first = self._first_trouble()
        return first.error if first else None

    @property
    def refused(self) -> str:
        """The object that the `cause` is about, in kubectl's notation; empty if there is no cause."""
        first = self._first_trouble()
        return first.request.object if first else ""

    def _first_trouble(self) -> _Trouble | None:
        return min(self._troubles, key=lambda trouble: not trouble.request.writes, default=None)

    def begin(self, request: Request, moment: float) -> Exchange:
        """Helm sends a request. `moment` is in seconds of a monotonic clock."""
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
            # The reads that failed before this did not keep Helm from continuing.
            self._troubles = [trouble for trouble in self._troubles if trouble.request.writes]
        elif first.fate is WriteOutcome.REFUSED and first.request == exchange.request:
            self._first_record = exchange
            return  # the same request again
        for trouble in self._troubles:
            trouble.is_final = True  # from here on, the same request is not a retry of this one

    def sent(self, exchange: Exchange) -> None:
        """The request is on its way to the member."""
        self._decide(exchange, WriteOutcome.UNKNOWN)

    def answered(self, exchange: Exchange, status: int, retry_after: str | None = None, body: bytes = b"") -> None:
        """An answer came. `body` is needed where the status is an error."""
        request = exchange.request
        error = refusal.trouble(request, status, retry_after, body, self._account)
        # Before the record, only the namespace and CRDs are created, and Helm takes those that exist as they are.
        is_taken = error is not None and error.code == ActionCode.RESOURCE_EXISTS and self._first_record is None
        if error is None or is_taken:
            self._decide(exchange, WriteOutcome.REFUSED if is_taken else WriteOutcome.ACCEPTED)
            self._troubles = [found for found in self._troubles if found.is_final or found.request.key != request.key]
            return
        passes = isinstance(error, TemporaryError)
        may_be_done = passes and (status >= 500 or status == 408)
        self._decide(exchange, WriteOutcome.UNKNOWN if may_be_done else WriteOutcome.REFUSED)
        self._troubles.append(_Trouble(request, error, is_final=request.writes and not passes))

    def failed(self, exchange: Exchange, error: ActionError) -> None:
        """The connection to the member failed, before the request was sent or without a complete answer to it."""
        self._troubles.append(_Trouble(exchange.request, error, is_final=False))

    def ended(self, exchange: Exchange, moment: float) -> None:
        """Helm no longer waits for the request, whatever its outcome."""
        self._open -= 1
        if not self._open:
            self._idle_since = moment

    def _decide(self, exchange: Exchange, fate: WriteOutcome) -> None:
        if exchange.request.writes:
            self._unknown += (fate is WriteOutcome.UNKNOWN) - (exchange.fate is WriteOutcome.UNKNOWN)
            self._has_written |= fate is WriteOutcome.ACCEPTED
            exchange.fate = fate
            self._tell(self.progress.stage, self.progress.hook)

    def _tell(self, stage: Stage, hook: Hook | None) -> None:
        progress = Progress(stage, hook, self._has_written or self._unknown > 0)
        if progress != self.progress:
            self.progress = progress
            self._on_progress(progress)
