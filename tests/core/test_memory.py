"""Large blocks of memory lie apart from small ones."""

import subprocess
import sys

import pytest

PROGRAM = """
import ctypes
from app.core.memory import map_large_blocks

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


@pytest.mark.skipif(sys.platform != "linux", reason="glibc is the C library of Linux")
def test_blocks_as_large_as_the_buffer_of_a_connection_are_mapped_apart() -> None:
    found = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["0", "5"]
