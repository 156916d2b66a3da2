"""The members that benchmarks roll out to, each as a kubeconfig file, outside the processes that are measured."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

from app.clusters.kubeconfig import read_kubeconfig
from app.clusters.member import Member
from app.network.addresses import Allowed, Kind, Policy
from tests.kubernetes.controlplane import ControlPlanes
from tests.kubernetes.credentials import write_private

Kubeconfigs = dict[str, Path]
"""The kubeconfig file of each member, by its name."""


@asynccontextmanager
async def real(count: int, folder: Path, *, with_pods: bool = False) -> AsyncIterator[Kubeconfigs]:
    """Real API servers without nodes. With pods, they have controllers, and pods are written as ready at once."""
    async with ControlPlanes(folder / "kubernetes") as planes:
        found = {}
        for number in range(count):
            member = await planes.start(f"real-{number}", controllers=with_pods, ready_pods=with_pods)
            found[member.name] = folder / f"{member.name}.yaml"
            write_private(found[member.name], member.kubeconfig)
        yield found


@asynccontextmanager
async def clients(kubeconfigs: Kubeconfigs) -> AsyncIterator[dict[str, Member]]:
    """Connections by which a benchmark changes members."""
    policy = Policy(frozenset({Kind.LOOPBACK}), Allowed())
    async with AsyncExitStack() as stack:
        yield {
            name: await stack.enter_async_context(Member(read_kubeconfig(path.read_text()), policy, timeout=10))
            for name, path in kubeconfigs.items()
        }


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
