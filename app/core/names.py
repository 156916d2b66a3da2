"""Validates names, generates readable ones, and formats lists of names."""

import re
import secrets
import unicodedata
from collections.abc import Sequence

import coolname

from app.core.errors import Problem

MAX_RELEASE_NAME = 53
"""Helm's limit. It leaves space for suffixes of charts within the 63 characters of a DNS label."""

LONGEST_DESCRIPTION = 1000

LONGEST_SUBDOMAIN = 253

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")


def counted(count: int, what: str) -> str:
    """Returns a number with a regular noun, such as `1 cluster` or `3 clusters`."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def is_label(name: str, longest: int = 63) -> bool:
    """Returns whether it is a DNS label (RFC 1123)."""
    return len(name) <= longest and _LABEL.fullmatch(name) is not None


def is_subdomain(name: str) -> bool:
    """Returns whether it is a DNS subdomain (RFC 1123), as most names of Kubernetes objects are."""
    return len(name) <= LONGEST_SUBDOMAIN and all(_LABEL.fullmatch(part) for part in name.split("."))


def label_problem(name: str, *path: str, what: str = "A name", longest: int = 63) -> Problem | None:
    """Returns the problem with a name that is not a DNS label (RFC 1123), or None."""
    if is_label(name, longest):
        return None
    return Problem(
        path,
        f"{what} has at most {longest} characters, a-z, 0-9 and `-`, and begins and ends with a letter or digit.",
    )


def text_problem(text: str, *path: str, what: str, longest: int) -> Problem | None:
    """Returns the problem with a line of free text, or None."""
    if 0 < len(text) <= longest and not any(unicodedata.category(character).startswith("C") for character in text):
        return None
    return Problem(path, f"{what} has 1 to {longest} characters and no control characters.")


def description_problem(text: str | None) -> Problem | None:
    """Returns the problem with a description, or None. It may be empty."""
    if not text:
        return None
    return text_problem(text, "description", what="A description", longest=LONGEST_DESCRIPTION)


def random_release_name() -> str:
    """Generates a name such as `brave-otter-7f3a`."""
    return f"{coolname.generate_slug(2)[:48]}-{secrets.token_hex(2)}"


_NAMED = 10


def some_of(names: Sequence[str]) -> str:
    """Formats names for a message: the first ten, and the number of others."""
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
