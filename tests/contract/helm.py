"""Real Helm, run as a process."""

from __future__ import annotations

import asyncio
import os
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Self

PACKAGED = str(Path(sysconfig.get_path("scripts")) / "helm")
"""The one that Polyhelm brings along, from helm-binary."""

SHORT_RUN = {"GOGC": "off", "GOMEMLIMIT": "512MiB", "GOMAXPROCS": "1"}
"""Saves a third of the CPU time of a run, as `app/helm/command.py` does: there is no garbage worth collecting."""


@dataclass(frozen=True)
class Helm:
    """A Helm with one kubeconfig and a home of its own."""

    program: str
    kubeconfig: Path
    home: Path
    driver: str = "secret"
    """What it keeps releases in."""

    @classmethod
    def at(cls, home: Path, kubeconfig: str, program: str = PACKAGED) -> Self:
        path = home / "kubeconfig.yaml"
        path.touch(mode=0o600)
        path.write_text(kubeconfig)
        return cls(program, path, home)

    async def run(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, stdout, stderr."""
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.home), "KUBECONFIG": str(self.kubeconfig)}
        environment["HELM_DRIVER"] = self.driver
        environment |= SHORT_RUN
        process = await asyncio.create_subprocess_exec(
            self.program,
            *arguments,
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        output, errors = await process.communicate()
        assert process.returncode is not None
        return process.returncode, output.decode(), errors.decode()

    async def __call__(self, *arguments: str) -> str:
        code, output, errors = await self.run(*arguments)
        assert code == 0, f"helm {' '.join(arguments)}: {errors}"
        return output
