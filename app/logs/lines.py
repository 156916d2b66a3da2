"""Splits what a member sends of a log into lines. Pure; a container writes any bytes."""

from dataclasses import dataclass
from datetime import UTC, datetime

LONGEST_LINE = 16 * 1024
"""The number of bytes of a line that are kept. Container runtimes split longer lines themselves."""
CUT = "… (line cut)"


@dataclass(frozen=True, slots=True)
class Line:
    """`time` is None if the member sent no valid time."""

    time: datetime | None
    text: str


class Splitter:
    """Keeps the beginning of one line at most."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._is_cut = False

    def feed(self, chunk: bytes) -> list[Line]:
        """The lines that end in these bytes."""
        *ended, rest = chunk.split(b"\n")
        lines = []
        for part in ended:
            self._keep(part)
            lines.append(self._line())
        self._keep(rest)
        return lines

    def end(self) -> list[Line]:
        """The last line, if it has no end."""
        return [self._line()] if self._rest else []

    def _keep(self, part: bytes) -> None:
        room = LONGEST_LINE - len(self._rest)
        self._is_cut |= len(part) > room
        self._rest += part[:room]

    def _line(self) -> Line:
        raw, is_cut = bytes(self._rest), self._is_cut
        self._rest.clear()
        self._is_cut = False
        stamp, space, text = raw.removesuffix(b"\r").partition(b" ")
        time = _time(stamp) if space or not text else None
        if time is None:
            text = raw.removesuffix(b"\r")
        # A character that is split by the cut would be shown as a wrong one.
        shown = text.decode(errors="ignore" if is_cut else "replace").replace("\0", "\ufffd")
        return Line(time, shown + CUT if is_cut else shown)


def _time(stamp: bytes) -> datetime | None:
    if not 20 <= len(stamp) <= 40:
        return None
    try:
        found = datetime.fromisoformat(stamp.decode("ascii"))
        return found.astimezone(UTC) if found.tzinfo else None
    except (ValueError, OverflowError):
        return None
