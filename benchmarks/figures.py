"""Figures: several measurements of one thing, with their median and spread, compared with a goal."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import Any

_UNITS = {
    "requests": (1.0, "{:.0f} requests"),
    "s": (1.0, "{:.2f} s"),
    "ms": (1000.0, "{:.1f} ms"),
    "kB": (1e-3, "{:.0f} kB"),
    "MB": (1e-6, "{:.0f} MB"),
    "%": (100.0, "{:.1f} %"),
}


@dataclass(frozen=True)
class Figure:
    """Measurements in seconds, bytes or shares of one; `unit` is how they are shown."""

    samples: tuple[float, ...]
    unit: str = "s"

    @property
    def median(self) -> float:
        return statistics.median(self.samples)

    def shown(self, value: float) -> str:
        factor, form = _UNITS[self.unit]
        return form.format(value * factor)

    def __str__(self) -> str:
        if len(self.samples) == 1:
            return self.shown(self.median)
        number, unit = self.shown(self.median).split()
        low, high = (self.shown(bound).split()[0] for bound in (min(self.samples), max(self.samples)))
        return f"{number} {unit} ({low}-{high})"


@dataclass(frozen=True)
class Row:
    """One line of the table. `other` is what a user would run instead; `ratio` and `below` are goals.

    `ratio` is the highest allowed ratio of Polyhelm's figure to the other; `below` is the highest allowed figure of
    Polyhelm, in the unit's base.
    """

    what: str
    ours: Figure
    other: Figure | None = None
    other_name: str = ""
    ratio: float | None = None
    below: float | None = None
    note: str = ""

    @property
    def part(self) -> float | None:
        """The ratio of Polyhelm's median to the other."""
        return self.ours.median / self.other.median if self.other and self.other.median else None

    @property
    def goal(self) -> str:
        if self.ratio is not None:
            return f"≤ {self.ratio:g}x"
        return f"< {self.ours.shown(self.below)}" if self.below is not None else ""

    @property
    def met(self) -> bool | None:
        if self.ratio is not None:
            return self.part is not None and self.part <= self.ratio
        return self.ours.median < self.below if self.below is not None else None

    def as_json(self) -> dict[str, Any]:
        return {
            "what": self.what,
            "unit": "bytes" if self.ours.unit == "MB" else "share" if self.ours.unit == "%" else "s",
            "ours": {"median": self.ours.median, "samples": list(self.ours.samples)},
            "other": {"name": self.other_name, "median": self.other.median, "samples": list(self.other.samples)}
            if self.other
            else None,
            "ratio": self.part,
            "goal": self.goal or None,
            "met": self.met,
            "note": self.note or None,
        }
