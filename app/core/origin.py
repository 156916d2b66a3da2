"""Who does what, how and from where: known once for each request and mutation, and part of every event they cause."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any


@dataclass
class Origin:
    """A request, and the mutation that is being done for it; nothing for what nobody has asked for. `given` is what was
    asked for, masked."""

    mutation: str | None = None
    actor: str | None = None
    via: str | None = None
    address: str | None = None
    request_id: str | None = None
    given: dict[str, Any] | None = None
    is_told: bool = False
    """Whether an event of it is committed. The first one has what was asked for."""


LONGEST = 200


def plain(text: str) -> str:
    """A text that came from outside, as an event can hold it: not too long, and without what Postgres can't keep."""
    short = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    return short.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")


_current: ContextVar[Origin | None] = ContextVar("origin", default=None)


def current_origin() -> Origin | None:
    """That of what is being done; None for what Polyhelm does by itself."""
    return _current.get()


def tell_via(method: str) -> None:
    """From now on, events of what is being done tell that its caller has just signed in like this."""
    if (origin := _current.get()) is not None:
        origin.via = method.lower()


@contextmanager
def originating(origin: Origin) -> Iterator[None]:
    """All events of the block have this origin."""
    before = _current.set(origin)
    try:
        yield
    finally:
        _current.reset(before)
