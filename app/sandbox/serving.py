"""The main loop of a program for untrusted input (`app.sandbox.pool`).

Requests and answers are bytes, each preceded by its length in four bytes, on the socket that is the standard input.
Such a program imports nothing of Polyhelm but what it needs: a process starts in a tenth of a second.
"""

import os
import resource
import signal
import sys
from collections.abc import Callable
from typing import NoReturn

_OUT_OF_MEMORY = 77


def serve(answer: Callable[[bytes], bytes], warm_up: bytes) -> NoReturn:
    """Answers requests until the socket is closed, each within the CPU time that is the program's argument.

    `warm_up` is a request that loads what would otherwise be loaded on first use: later, no file can be opened.
    """
    seconds = float(sys.argv[1])
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    answer(warm_up)
    _confine()
    while True:
        request = _read(int.from_bytes(_read(4), "big"))
        signal.setitimer(signal.ITIMER_PROF, seconds)
        try:
            answered = answer(request)
        except MemoryError:
            os._exit(_OUT_OF_MEMORY)
        signal.setitimer(signal.ITIMER_PROF, 0)
        _write(answered)


def _read(size: int) -> bytes:
    found = bytearray()
    while len(found) < size:
        piece = os.read(0, min(size - len(found), 2**18))
        if not piece:
            sys.exit()
        found += piece
    return bytes(found)


def _write(answer: bytes) -> None:
    left = memoryview(len(answer).to_bytes(4, "big") + answer)
    while left:
        left = left[os.write(0, left) :]


def _confine() -> None:
    """Prevents this process from opening files and connections and from starting processes."""
    for limit in (resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC):
        resource.setrlimit(limit, (0, 0))
