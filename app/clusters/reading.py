"""Release records are read on threads of their own: two for the whole process, so that what they take of memory and
time at once is bounded, whoever's records they are. An API server's other answers are small."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from app.releases.record import read_record
from app.releases.release import Observed

_AT_ONCE = 2
_THREADS = ThreadPoolExecutor(_AT_ONCE, "records")


async def read_apart(secret: Mapping[str, Any]) -> Observed:
    """What `read_record` reads, with its digest worked out. Raises what that raises."""
    return await asyncio.get_running_loop().run_in_executor(_THREADS, _read, secret)


def _read(secret: Mapping[str, Any]) -> Observed:
    observed = read_record(secret)
    assert observed.digest
    return observed
