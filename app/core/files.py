"""Files without a name, for what must not be stored on a disk: they end with the processes that hold them."""

import os
import tempfile
from typing import BinaryIO, cast


def nameless(content: bytes = b"") -> BinaryIO:
    """An open file with this content, at its beginning; in memory, where the system has such files."""
    if hasattr(os, "memfd_create"):
        file = cast("BinaryIO", os.fdopen(os.memfd_create("polyhelm", os.MFD_CLOEXEC), "w+b"))
    else:  # other than Linux
        file = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115 - the caller closes it
    file.write(content)
    file.flush()
    file.seek(0)
    return file
