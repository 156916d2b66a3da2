"""Restricts the TCP connections of a program with Linux's Landlock
(https://docs.kernel.org/userspace-api/landlock.html).

A restriction applies to the calling thread and the programs that it starts, and cannot be lifted. It needs no
privilege. Kernels from 6.7 support it.
"""

import ctypes
import os
import sys
from collections.abc import Iterable
from functools import cache

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every architecture
_VERSION = 1
_RULE_NET_PORT = 2
_BIND_TCP, _CONNECT_TCP = 1, 2
_FIRST_WITH_TCP = 4
_PR_SET_NO_NEW_PRIVS = 38


class _Ruleset(ctypes.Structure):
    _fields_ = (("handled_access_fs", ctypes.c_uint64), ("handled_access_net", ctypes.c_uint64))


class _NetPort(ctypes.Structure):
    _fields_ = (("allowed_access", ctypes.c_uint64), ("port", ctypes.c_uint64))


@cache
def is_available() -> bool:
    """Returns whether this kernel can restrict TCP connections."""
    if sys.platform != "linux":
        return False
    try:
        return _call(_CREATE_RULESET, None, 0, _VERSION) >= _FIRST_WITH_TCP
    except OSError:  # not built in, not enabled, or denied
        return False


def allow_tcp(ports: Iterable[int]) -> None:
    """Restricts this thread, and what it starts, to TCP connections to these ports. Listening is denied.

    Raises:
        OSError: The kernel refuses. Nothing is restricted then.
    """
    ruleset = _Ruleset(0, _BIND_TCP | _CONNECT_TCP)
    descriptor = _call(_CREATE_RULESET, ctypes.byref(ruleset), ctypes.sizeof(ruleset), 0)
    try:
        for port in ports:
            _call(_ADD_RULE, descriptor, _RULE_NET_PORT, ctypes.byref(_NetPort(_CONNECT_TCP, port)), 0)
        if _libc().prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        _call(_RESTRICT_SELF, descriptor, 0)
    finally:
        os.close(descriptor)


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _call(number: int, *arguments: object) -> int:
    wide = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    found: int = _libc().syscall(ctypes.c_long(number), *wide)
    if found < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return found
