"""`python -m tests.prose [FILE…]`: prints what is wrong with the prose of the files, or of the whole repository."""

import sys
from pathlib import Path

from .checking import finds, written


def main() -> int:
    paths = [Path(argument) for argument in sys.argv[1:]] or written()
    found = list(finds(paths))
    for find in found:
        sys.stderr.write(f"{find}\n")
    if found:
        sys.stderr.write(f"{len(found)} finds: tests/prose/words.toml has the words that are not used\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
