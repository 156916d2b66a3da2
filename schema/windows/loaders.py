"""The loaders of change windows."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from sqlmodel.ext.asyncio.session import AsyncSession

from app.rollouts.windows import Status, status
from app.tables.columns import now
from app.tables.windows import ChangeWindow
from app.windows.applying import Windows, computed, windows_of_clusters, windows_of_groups, windows_of_targets
from schema.loading import Loader, Loaders, by_id

change_window_by_id = by_id(ChangeWindow)


@dataclass(frozen=True, slots=True)
class Applying:
    """The windows that apply to something, by their ids, and what follows from them now."""

    status: Status
    windows: Sequence[int] = ()


def _status(fetch: Callable[[AsyncSession, Iterable[int]], Awaitable[dict[int, Windows]]]) -> Loader[int, Applying]:
    async def load(loaders: Loaders, ids: Sequence[int]) -> list[Applying]:
        windows = await loaders.fetched(fetch, ids)
        found = await computed(status, windows, now())
        return [
            Applying(found[id_], [window.id for window in windows[id_]])
            if id_ in windows
            else Applying(Status(is_closed=False))
            for id_ in ids
        ]

    return Loader(load)


window_status_by_target = _status(windows_of_targets)
window_status_by_cluster = _status(windows_of_clusters)
window_status_by_group = _status(windows_of_groups)
