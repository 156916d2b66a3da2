"""Durations as people write them: `90s`, `15m`, `1h30m`, `7d`."""

import re
from datetime import timedelta

LONGEST = timedelta(days=365)
_SECONDS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_TEXT = re.compile(r"(?=\d)(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,8})s)?")


def duration(text: str) -> timedelta:
    """Reads a duration.

    Raises:
        ValueError: it is not one, or longer than a year.
    """
    found = _TEXT.fullmatch(text)
    if found is None or not text:
        raise ValueError(f"{text!r} is not a duration such as 30s, 15m, 1h30m or 7d.")
    parts = zip(found.groups(), _SECONDS.values(), strict=True)
    length = timedelta(seconds=sum(int(part) * seconds for part, seconds in parts if part))
    if length > LONGEST:
        raise ValueError(f"{text!r} is longer than {LONGEST.days} days.")
    return length


def text_of(length: timedelta) -> str:
    """Writes a duration in whole seconds."""
    left = int(length.total_seconds())
    text = ""
    for unit, seconds in _SECONDS.items():
        count, left = divmod(left, seconds)
        text += f"{count}{unit}" if count else ""
    return text or "0s"
