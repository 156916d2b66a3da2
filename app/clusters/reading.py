"""Release records are read on threads of their own, two in each process, so that what they need of memory and time at
once is bounded. An organization uses one of them. An API server's other answers are small."""

from collections.abc import Mapping
from typing import Any

from app.core.threads import Threads
from app.releases.record import read_record
from app.releases.release import Observed

_AT_ONCE = 2
_threads = Threads("record_threads", _AT_ONCE, each=1)


async def read_apart(secret: Mapping[str, Any]) -> Observed:
    """What `read_record` reads, with its digest worked out. Raises what that raises."""
    return await _threads.run(_read, secret)


def _read(secret: Mapping[str, Any]) -> Observed:
    observed = read_record(secret)
    assert observed.digest
    return observed
