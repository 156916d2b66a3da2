"""The origin of events: the caller, how they signed in, their address, the request and the mutation."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any


@dataclass
class Origin:
    """A request and its mutation. It is None for work without a request. `given` is the masked input."""

    mutation: str | None = None
    actor: str | None = None
    via: str | None = None
    address: str | None = None
    request_id: str | None = None
    given: dict[str, Any] | None = None
    is_recorded: bool = False
    """Whether an event of the mutation was committed. The first one contains the input."""


LONGEST = 200


def plain(text: str) -> str:
    """Prepares text from outside for an event: shortens it, and removes what Postgres cannot store."""
    short = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    return short.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")


_current: ContextVar[Origin | None] = ContextVar("origin", default=None)


def current_origin() -> Origin | None:
    """Returns the current origin, or None for work that Polyhelm does by itself."""
    return _current.get()


def set_sign_in_method(method: str) -> None:
    """Sets the method by which the caller has just signed in, for all following events of the mutation."""
    if (origin := _current.get()) is not None:
        origin.via = method.lower()


@contextmanager
def originating(origin: Origin) -> Iterator[None]:
    """Sets the origin of all events that are recorded in the block."""
    before = _current.set(origin)
    try:
        yield
    finally:
        _current.reset(before)
