"""Control planes of Kubernetes on this machine: one etcd, and an API server of its own for each member.

    async with ControlPlanes() as planes:
        paris, berlin = await asyncio.gather(planes.start("paris"), planes.start("berlin"))

There are no nodes (`node.py` adds one to a member). Objects are stored, watched, validated and guarded by RBAC as in
any cluster; what needs a controller or a kubelet happens only where it is asked for (see `ControlPlanes.start`).
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import signal
import tempfile
from pathlib import Path
from typing import IO, Self

from . import binaries
from .member import Member
from .process import HOST, Port, Process


class ControlPlanes:
    """etcd and the members on top of it.

    Given a folder, everything (data, ports, certificates, tokens) is kept there and found again the next time;
    otherwise it lives in a temporary folder and goes with it. Only processes of this machine can reach the members,
    but etcd asks none of them for a password: put nothing into a member that matters.
    """

    def __init__(self, folder: Path | None = None, programs: binaries.Binaries | None = None) -> None:
        self._programs = programs or binaries.control_plane()
        self._kept = folder
        self._members: dict[str, Member] = {}
        self._closing = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Start etcd. Raises process.StartFailed, and OSError when others use the folder."""
        async with contextlib.AsyncExitStack() as stack:
            self._folder = self._kept or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="polyhelm-")))
            self._folder.mkdir(parents=True, exist_ok=True)
            _lock(stack.enter_context((self._folder / "lock").open("w")))
            port = Port()
            stack.callback(port.close)
            self._etcd_url = f"http://{HOST}:{port.number}"
            etcd = Process(self._etcd_command(), self._folder / "etcd.log")
            stack.push_async_callback(etcd.stop)
            self._etcd = etcd
            etcd.start()
            await etcd.answers(f"{self._etcd_url}/readyz")
            self._closing = stack.pop_all()
        return self

    async def __aexit__(self, *error: object) -> None:
        await asyncio.gather(*(member.close() for member in self._members.values()))
        self._members.clear()
        await self._closing.aclose()

    async def start(self, name: str, *, controllers: bool = False, ready_pods: bool = False) -> Member:
        """Start a member and wait until it serves; members may start at the same time. Raises process.StartFailed.

        `controllers` adds a controller manager: Deployments get their Pods, what is owned goes with its owner, deleted
        namespaces end. `ready_pods` adds what a kubelet would report: Pods become ready, those of Jobs succeed. `helm
        --wait` and hooks that are Jobs need both.
        """
        if name in self._members:
            raise ValueError(f"there is a member {name} already")
        folder = self._folder / "members" / name
        member = Member(name, folder, self._programs, self._etcd_url, controllers=controllers, ready_pods=ready_pods)
        self._members[name] = member
        try:
            await member.start()
        except BaseException:
            self._members.pop(name, None)
            await member.close()
            raise
        return member

    def suspend(self) -> None:
        """Have everything stand still until the end: even when nobody asks, all this uses a tenth of a core."""
        for member in self._members.values():
            member.suspend()
        self._etcd.send(signal.SIGSTOP)

    def _etcd_command(self) -> list[str | Path]:
        """Without fsync: writes survive a killed etcd, not a machine that loses power."""
        return [
            self._programs.etcd,
            f"--data-dir={self._folder / 'etcd'}",
            f"--listen-client-urls={self._etcd_url}",
            f"--advertise-client-urls={self._etcd_url}",
            f"--listen-peer-urls=http://{HOST}:0",
            "--socket-reuse-port",
            "--unsafe-no-fsync",
            "--watch-progress-notify-interval=5s",
            "--log-level=warn",
        ]


def _lock(file: IO[str]) -> None:
    """Held until the file is closed. Without it a second etcd would wait for the first one's data, and say nothing."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise OSError(f"{file.name} is locked: these control planes run already") from None
