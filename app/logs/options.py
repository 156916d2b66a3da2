"""The options of a request for logs. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from app.core.errors import invalid
from app.registers.common import CommonCode
from app.resources.containers import Container

MOST_LINES = 5000
_SEARCHED = 10_000
"""The lines of each container that a search goes through."""
LARGEST_LOG = 2 * 2**20
"""The number of bytes of one container that a request reads, if it does not follow the log."""
_LONGEST_SEARCH = 200
_LONGEST_SINCE = 10 * 365 * 24 * 3600


@dataclass(frozen=True)
class LogOptions:
    """`tail` is the number of newest lines, `search` a text that each line contains. `pod` and `container` name those
    to read: without them, all pods of a target, and all containers that are not init containers."""

    pod: str | None = None
    container: str | None = None
    previous: bool = False
    since_seconds: int | None = None
    tail: int = 200
    search: str | None = None

    def check(self) -> None:
        """
        Raises:
            ValidationFailed: if a number or the search is out of range.
        """
        if not 0 <= self.tail <= MOST_LINES:
            raise invalid(CommonCode.PAGE_SIZE, f"`tail` must be between 0 and {MOST_LINES:,}.", "tail")
        if self.since_seconds is not None and not 1 <= self.since_seconds <= _LONGEST_SINCE:
            raise invalid(CommonCode.INVALID_INPUT, "`sinceSeconds` must be at least 1.", "sinceSeconds")
        if self.search is not None and len(self.search) > _LONGEST_SEARCH:
            message = f"`search` has at most {_LONGEST_SEARCH} characters."
            raise invalid(CommonCode.SEARCH_TOO_LONG, message, "search")

    def chosen(self, containers: Iterable[Container]) -> list[Container]:
        """The containers of a pod to read, as far as they have a log."""
        return [
            each
            for each in containers
            if (each.name == self.container or (self.container is None and not each.is_init)) and each.has_logs
        ]

    def matches(self, text: str) -> bool:
        return not self.search or self.search in text

    def query(
        self, container: str, *, follow: bool, after: datetime | None = None, whole: bool = False
    ) -> list[tuple[str, str]]:
        """The query of a request for the log of a container. With `after`, only lines from about that time on; with
        `whole`, the whole log of a container that has just started."""
        query = [("container", container), ("timestamps", "true")]
        if follow:
            query.append(("follow", "true"))
        else:
            query.append(("limitBytes", str(LARGEST_LOG)))
        if self.previous:
            query.append(("previous", "true"))
        if after is not None:
            query.append(("sinceTime", after.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")))
        elif not whole:
            if self.since_seconds is not None:
                query.append(("sinceSeconds", str(self.since_seconds)))
            query.append(("tailLines", str(max(self.tail, _SEARCHED) if self.search else self.tail)))
        return query
