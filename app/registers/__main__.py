"""`python -m app.registers --write | --check`: the reference of codes and kinds, written or compared with the code."""

import sys

from app.registers.reference import pages, present_problems


def main() -> int:
    if sys.argv[1:] == ["--write"]:
        for path, text in pages():
            path.write_text(text)
        return 0
    found = list(present_problems())
    for problem in found:
        sys.stderr.write(f"{problem}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
