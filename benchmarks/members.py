"""The members that benchmarks roll out to, each as a kubeconfig file, outside the processes that are measured."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from tests.kubernetes.controlplane import ControlPlanes
from tests.kubernetes.credentials import write_private

Kubeconfigs = dict[str, Path]
"""The kubeconfig file of each member, by its name."""


@asynccontextmanager
async def real(count: int, folder: Path) -> AsyncIterator[Kubeconfigs]:
    """Real API servers, without nodes and controllers."""
    async with ControlPlanes(folder / "kubernetes") as planes:
        found = {}
        for number in range(count):
            member = await planes.start(f"real-{number}")
            found[member.name] = folder / f"{member.name}.yaml"
            write_private(found[member.name], member.kubeconfig)
        yield found


@asynccontextmanager
async def simulated(count: int, folder: Path) -> AsyncIterator[Kubeconfigs]:
    """Members in memory, in a process of their own."""
    names = [f"member-{number:03}" for number in range(count)]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "simulator", "--die-with-parent", "--members", ",".join(names), "--kubeconfigs", str(folder)),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        paths = map(Path, json.loads(await process.stdout.readline())["kubeconfigs"])
        yield {path.stem: path for path in paths}
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
