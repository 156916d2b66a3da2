"""What a child process may use and reach, whatever a chart or a cluster sends to it."""

import resource
import subprocess
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from app.sandbox import landlock


@dataclass(frozen=True)
class Limits:
    """`memory` in bytes, `cpu` in seconds of all threads together (None: as much as it takes), `output` in bytes for
    each file it writes."""

    memory: int
    cpu: int | None
    output: int = 32 * 2**20


def hold(pid: int, limits: Limits) -> None:
    """Puts limits on a process that has just begun; one that has ended already is fine."""
    if not hasattr(resource, "prlimit"):  # other than Linux
        return
    with suppress(ProcessLookupError, FileNotFoundError):
        # Go reserves a gigabyte of addresses that it never uses, so the address space says nothing; its data does.
        resource.prlimit(pid, resource.RLIMIT_DATA, (limits.memory, limits.memory))
        if limits.cpu is not None:
            resource.prlimit(pid, resource.RLIMIT_CPU, (limits.cpu, limits.cpu))
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (limits.output, limits.output))
        resource.prlimit(pid, resource.RLIMIT_CORE, (0, 0))
        # A machine that is short of memory ends the child before its parent: a run can be repeated.
        Path(f"/proc/{pid}/oom_score_adj").write_text("1000")


def reaching(ports: Iterable[int], start: Callable[[], subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
    """What `start` starts, able to connect by TCP to these ports alone where the kernel can see to it.

    The restriction holds for a thread for good, so it is one of its own.

    Raises:
        OSError: what `start` raises, or where the kernel refuses the restriction.
    """
    if not landlock.is_available():
        return start()
    found: list[subprocess.Popen[bytes] | OSError] = []

    def restricted() -> None:
        try:
            landlock.allow_tcp(ports)
            found.append(start())
        except OSError as error:
            found.append(error)

    thread = threading.Thread(target=restricted)
    thread.start()
    thread.join()
    if isinstance(found[0], OSError):
        raise found[0]
    return found[0]
