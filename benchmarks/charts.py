"""The chart that is rolled out, and values for it: each round's differ from the last one's."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from app.program.demo import sample_chart

NAMESPACE = "bench"


@dataclass(frozen=True)
class Chart:
    """The demo's chart (a ConfigMap, a Deployment, a Service), packaged."""

    path: Path
    REFERENCE: ClassVar = "bench/hello"

    @classmethod
    def packed(cls, folder: Path) -> Chart:
        path = folder / "hello-1.0.0.tgz"
        path.write_bytes(base64.b64decode(sample_chart()))
        return cls(path)

    def upload(self) -> dict[str, str]:
        """The input of `uploadChart`."""
        return {"repository": "bench", "archive": base64.b64encode(self.path.read_bytes()).decode()}


def values(round_number: int) -> dict[str, Any]:
    return {"greeting": f"Round {round_number}", "replicaCount": 1 + round_number % 5}
