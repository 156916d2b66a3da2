"""What a user would run instead: Helm for one member after another, or a few at once, from a shell."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.charts import NAMESPACE, Chart

RELEASE = "by-hand"


class HelmError(Exception):
    """Helm failed; the message has its words."""


@dataclass(frozen=True)
class Cost:
    """In seconds; `cpu` is user and system time of Helm and of what ran it."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class HelmLoop:
    """A Helm with a home of its own, in which it keeps what it discovered of each member from run to run."""

    helm: Path
    home: Path
    chart: Chart

    def version(self) -> str:
        return self._output("version", "--template", "{{.Version}}").strip()

    def install(
        self, kubeconfigs: Iterable[Path], values: dict[str, Any], at_once: int, release: str = RELEASE
    ) -> Cost:
        return self._change(kubeconfigs, values, at_once, release, "--create-namespace")

    def upgrade(self, kubeconfigs: Iterable[Path], values: dict[str, Any], at_once: int) -> Cost:
        return self._change(kubeconfigs, values, at_once, RELEASE)

    def _change(
        self, kubeconfigs: Iterable[Path], values: dict[str, Any], at_once: int, release: str, *more: str
    ) -> Cost:
        file = self.home / "values.json"
        file.write_text(json.dumps(values))
        arguments = ["upgrade", "--install", release, str(self.chart.path), "--namespace", NAMESPACE, *more]
        return self.each(kubeconfigs, [*arguments, "--values", str(file)], at_once)

    def each(self, kubeconfigs: Iterable[Path], arguments: list[str], at_once: int) -> Cost:
        """`xargs -P` with one Helm for each member."""
        command = ["xargs", "-P", str(at_once), "-I{}", str(self.helm), *arguments, "--kubeconfig", "{}"]
        began = time.perf_counter()
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=self._environment
        )
        assert process.stdin is not None and process.stderr is not None
        process.stdin.write("\n".join(map(str, kubeconfigs)).encode())
        process.stdin.close()
        words = process.stderr.read().decode()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            raise HelmError(words)
        return Cost(wall, usage.ru_utime + usage.ru_stime)

    @property
    def _environment(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "HOME": str(self.home)}

    def _output(self, *arguments: str) -> str:
        command = [str(self.helm), *arguments]
        return subprocess.run(command, env=self._environment, capture_output=True, check=True, text=True).stdout
