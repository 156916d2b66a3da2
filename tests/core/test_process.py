"""A process may open as many files as the system allows, and its large blocks of memory lie apart from small ones."""

import subprocess
import sys

import pytest

MEMORY = """
import ctypes
from app.core.process import map_large_blocks

class Usage(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in "arena ordblks smblks mapped rest".split()]
    _fields_ += [(f"more{number}", ctypes.c_size_t) for number in range(5)]

libc = ctypes.CDLL(None)
libc.mallinfo2.restype = Usage
libc.malloc.restype = ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]

def added():
    libc.free(libc.malloc(256 * 1024))  # after this, glibc takes blocks of this size from the heap
    before = libc.mallinfo2().mapped
    for _ in range(5):
        libc.malloc(256 * 1024)
    return libc.mallinfo2().mapped - before

without = added()
map_large_blocks()
print(without, added())
"""


FILES = """
import resource
from app.core.process import allow_open_files

hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
assert allow_open_files() == hard
assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
"""


def test_the_limit_of_open_files_is_raised_as_far_as_the_system_allows() -> None:
    subprocess.run([sys.executable, "-c", FILES], check=True)


@pytest.mark.skipif(sys.platform != "linux", reason="glibc is the C library of Linux")
def test_blocks_as_large_as_the_buffer_of_a_connection_are_mapped_apart() -> None:
    found = subprocess.run([sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["0", "5"]
