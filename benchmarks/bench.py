"""The environment of a benchmark."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.charts import Chart


@dataclass(frozen=True)
class Bench:
    """`folder` is gone when all is over; `tell` shows how far it is."""

    folder: Path
    helm: Path
    chart: Chart
    rounds: int
    tell: Callable[[str], None]

    def new_folder(self, name: str) -> Path:
        path = self.folder / name
        path.mkdir()
        return path
