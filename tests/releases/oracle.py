"""What Helm itself makes of values: `helm template` of a chart that shows what its templates see."""

import base64
import json
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

SHOWN = "seen: {{ .Values | toJson | b64enc }}\n"


class RefusedError(Exception):
    """Helm does not take the values. The message has its words."""


class Oracle:
    """One Helm with a folder of its own."""

    def __init__(self, program: Path, folder: Path) -> None:
        self._program = program
        self._folder = folder
        chart = folder / "chart"
        (chart / "templates").mkdir(parents=True)
        (chart / "Chart.yaml").write_text("apiVersion: v2\nname: web\nversion: 1.0.0\n")
        (chart / "templates" / "seen.yaml").write_text(SHOWN)

    def sees(self, *layers: bytes, defaults: bytes = b"{}") -> Any:
        """What a template sees, given one `--values` file for each layer, the weakest first."""
        arguments = []
        for number, layer in enumerate(layers):
            file = self._folder / f"layer-{number}.yaml"
            file.write_bytes(layer)
            arguments += ["--values", str(file)]
        (self._folder / "chart" / "values.yaml").write_bytes(defaults)
        return self._run(arguments)

    def sees_from_standard_input(self, values: bytes) -> Any:
        """The same for values that come as ours do."""
        (self._folder / "chart" / "values.yaml").write_bytes(b"{}")
        return self._run(["--values", "-"], values)

    def sees_in(self, files: Mapping[str, str], values: bytes = b"{}") -> Any:
        """What a template of a chart sees that is made of these files."""
        with tempfile.TemporaryDirectory(dir=self._folder) as folder:
            chart = Path(folder)
            for path, text in {**files, "templates/seen.yaml": SHOWN}.items():
                (chart / path).parent.mkdir(parents=True, exist_ok=True)
                (chart / path).write_text(text)
            return self._run(["--values", "-"], values, chart)

    def _run(self, arguments: Sequence[str], given: bytes = b"", chart: Path | None = None) -> Any:
        done = subprocess.run(
            [self._program, "template", "release", chart or self._folder / "chart", *arguments],
            input=given,
            capture_output=True,
            env={"HOME": str(self._folder), "PATH": os.defpath},
            timeout=300,
        )
        if done.returncode:
            raise RefusedError(done.stderr.decode())
        _, _, shown = done.stdout.decode().partition("seen: ")
        return json.loads(base64.b64decode(shown))
