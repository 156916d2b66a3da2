"""Reads release records on two separate threads of each process, to limit the memory and time that they need. An
organization uses one of them at a time. Other answers of API servers are small."""

from collections.abc import Mapping
from typing import Any

from app.core.threads import Threads
from app.releases.record import read_record
from app.releases.release import Observed

_AT_ONCE = 2
_threads = Threads("record_threads", _AT_ONCE, each=1)


async def read_apart(secret: Mapping[str, Any]) -> Observed:
    """Reads a record with `read_record` and computes its digest. Raises the errors of `read_record`."""
    return await _threads.run(_read, secret)


def _read(secret: Mapping[str, Any]) -> Observed:
    observed = read_record(secret)
    assert observed.digest
    return observed
