"""`python -m app.registers --write | --check`: writes the reference pages of codes and kinds, or checks them."""

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
