"""Limits for child processes, which process input of charts and clusters."""

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
    """`memory` is in bytes, `cpu` in seconds of all threads together (None: unlimited), `output` in bytes for each
    file."""

    memory: int
    cpu: int | None
    output: int = 32 * 2**20


def hold(pid: int, limits: Limits) -> None:
    """Sets the limits of a process that was just started. A process that has already ended is ignored."""
    if not hasattr(resource, "prlimit"):  # other than Linux
        return
    with suppress(ProcessLookupError, FileNotFoundError):
        # Go reserves a gigabyte of addresses that it never uses, so limit its data and not the address space.
        resource.prlimit(pid, resource.RLIMIT_DATA, (limits.memory, limits.memory))
        if limits.cpu is not None:
            resource.prlimit(pid, resource.RLIMIT_CPU, (limits.cpu, limits.cpu))
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (limits.output, limits.output))
        resource.prlimit(pid, resource.RLIMIT_CORE, (0, 0))
        # If the machine is short of memory, the kernel kills the child before its parent. A run can be repeated.
        Path(f"/proc/{pid}/oom_score_adj").write_text("1000")


def reaching(ports: Iterable[int], start: Callable[[], subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
    """Calls `start` so that the started program can connect by TCP to these ports only, if the kernel supports it.

    The restriction stays with its thread, so it is called in a new thread.

    Raises:
        OSError: `start` failed, or the kernel refuses the restriction.
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
