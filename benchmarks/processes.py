"""What trees of processes cost, read from /proc: the CPU time they took, the memory they hold."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")


@dataclass(frozen=True)
class Memory:
    """In bytes. `pss` counts what processes share once, `rss` in each of them."""

    pss: int
    rss: int


def cpu_seconds(roots: Iterable[int]) -> float:
    """User and system time of these processes and all their descendants, those that have ended included.

    A process that ends is counted with its parent, so the sum never shrinks while the roots live.
    """
    ticks = 0
    for pid in _tree(roots):
        with suppress(OSError):
            ticks += sum(int(field) for field in _stat(pid)[11:15])  # utime, stime, cutime, cstime
    return ticks / _TICKS


def memory(roots: Iterable[int]) -> Memory:
    pss = rss = 0
    for pid in _tree(roots):
        with suppress(OSError):
            for line in (_PROC / str(pid) / "smaps_rollup").read_text().splitlines():
                name, _, rest = line.partition(":")
                if name == "Pss":
                    pss += int(rest.split()[0]) * 1024
                elif name == "Rss":
                    rss += int(rest.split()[0]) * 1024
    return Memory(pss, rss)


def _tree(roots: Iterable[int]) -> Iterator[int]:
    children = defaultdict(list)
    for entry in _PROC.iterdir():
        if entry.name.isdecimal():
            with suppress(OSError):
                children[int(_stat(int(entry.name))[1])].append(int(entry.name))
    seen: set[int] = set()
    waiting = list(roots)
    while waiting:
        pid = waiting.pop()
        if pid not in seen:
            seen.add(pid)
            yield pid
            waiting += children[pid]


def _stat(pid: int) -> list[str]:
    """The fields from `state` on: the name before them may hold spaces."""
    return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
