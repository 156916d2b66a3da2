"""Settings of the process itself: its open files, and the memory allocator of its C library."""

import ctypes
import resource

_M_MMAP_THRESHOLD = -3
_LARGE = 128 * 1024  # bytes; glibc's own first threshold


def allow_open_files() -> int:
    """Raises the process's limit of file descriptors as far as the system allows; returns it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def map_large_blocks() -> None:
    """Makes the allocator map large blocks, so that their memory returns to the system when they are freed.

    glibc does so only until the first such block is freed: then it takes the next ones from the heap. uvloop has a
    buffer of 256 KiB for each TLS connection, of which it uses the first few pages. Those of the heap have been used
    before, so all of them occupy memory. Does nothing for other C libraries.
    """
    try:
        set_option = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return
    set_option(_M_MMAP_THRESHOLD, _LARGE)
