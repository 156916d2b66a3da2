"""What is wrong with one container of a pod, in the words of its kubelet."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.health.fields import flag, number, text
from app.health.kstatus import moment

SETTLED = timedelta(seconds=30)
"""How long a container without a readiness probe runs after an error until its restart counts as a success. Such a
container is ready as soon as its process exists."""

FORGOTTEN = timedelta(minutes=10)
"""The kubelet forgets the errors of a container that has run for so long: it restarts it without a pause again."""

CRASH_LOOP = "CrashLoopBackOff"
_STATE = ("state", "terminated")
_LAST = ("lastState", "terminated")


@dataclass(frozen=True, slots=True)
class Trouble:
    """`until` is set if the trouble ends at that time, unless something happens before."""

    reason: str
    words: str
    until: datetime | None = None


def trouble_of(container: Mapping[str, Any], now: datetime, *, is_probed: bool) -> Trouble | None:
    """The trouble of a container by its status: it cannot start, has ended with an error, or was restarted after one
    and does not work yet. `is_probed` is True if it has a readiness probe."""
    if _is_failure(reason := text(container, "state", "waiting", "reason")):
        return Trouble(reason, _waiting(container, reason))
    restarts = number(container, "restartCount", default=0)
    if ended_with_error(container):
        return Trouble(_reason(container, _STATE, restarts + 1), exit_words(container))
    started = moment(text(container, "state", "running", "startedAt"))
    if started is None or not restarts or not number(container, *_LAST, "exitCode", default=0):
        return None
    is_ready = flag(container, "ready")
    if is_ready and is_probed:
        return None
    until = min(started, now) + (SETTLED if is_ready else FORGOTTEN)
    if now >= until:
        return None
    state = f"It was restarted, and has run for less than {SETTLED.seconds} s" if is_ready else "It is not ready again"
    return Trouble(_reason(container, _LAST, restarts), f"{exit_words(container, _LAST)}. {state}", until)


def ended_with_error(container: Mapping[str, Any]) -> bool:
    return number(container, *_STATE, "exitCode", default=0) != 0


def exit_words(container: Mapping[str, Any], at: tuple[str, ...] = _STATE) -> str:
    """How the container ended, or ended last."""
    reason, message = text(container, *at, "reason"), text(container, *at, "message").strip()
    ended = f"{text(container, 'name')} exited with code {number(container, *at, 'exitCode', default=0)}"
    return ended + (f" ({reason})" if reason else "") + (f": {message}" if message else "")


def _is_failure(reason: str) -> bool:
    """ErrImagePull, ImagePullBackOff, CrashLoopBackOff, CreateContainerConfigError and the like."""
    return reason == "InvalidImageName" or reason.startswith("Err") or reason.endswith(("Error", "BackOff"))


def _waiting(container: Mapping[str, Any], reason: str) -> str:
    waits = text(container, "state", "waiting", "message") or reason
    if text(container, *_LAST, "reason") or number(container, *_LAST, "exitCode", default=0):
        return f"{exit_words(container, _LAST)}. {waits}"
    return f"{text(container, 'name')}: {waits}"


def _reason(container: Mapping[str, Any], at: tuple[str, ...], errors: int) -> str:
    """The kubelet restarts a container at once after its first error, and with pauses after each further one. The
    reason is the same in all states of such a loop, so that not each of them counts as a change."""
    if errors > 1 and _ran(container, at) < FORGOTTEN:
        return CRASH_LOOP
    return text(container, *at, "reason") or "Error"


def _ran(container: Mapping[str, Any], at: tuple[str, ...]) -> timedelta:
    began, ended = (moment(text(container, *at, field)) for field in ("startedAt", "finishedAt"))
    return ended - began if began and ended else timedelta()
