"""For which organizations something is done, so that what all organizations share can be shared fairly."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Tenant = frozenset[int]
"""The ids of the organizations that a caller belongs to; none for a caller who is not signed in."""

_current: ContextVar[Tenant | None] = ContextVar("tenant", default=None)


def current_tenant() -> Tenant | None:
    """None for what Polyhelm does for all organizations together."""
    return _current.get()


def act_for(organization_ids: Iterable[int]) -> None:
    """The rest of this task, and the tasks that it starts, work for these organizations."""
    _current.set(frozenset(organization_ids))


@contextmanager
def acting_for(organization_id: int | None) -> Iterator[None]:
    """The block works for one organization; without one, for all of them."""
    before = _current.set(None if organization_id is None else frozenset((organization_id,)))
    try:
        yield
    finally:
        _current.reset(before)
