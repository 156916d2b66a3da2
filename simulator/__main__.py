"""`python -m simulator`: members that last as long as the process, or, with --state, longer.

One line of JSON on stdout says that it is ready: port, admin token, and the kubeconfig files if they were asked for.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import os
import signal
import sys
from pathlib import Path

import orjson

from simulator.simulator import Simulator, SimulatorError

_PR_SET_PDEATHSIG = 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m simulator", description=__doc__)
    parser.add_argument("--members", default="", help="names, separated by commas")
    parser.add_argument("--state", type=Path, help="folder for what lasts beyond the process")
    parser.add_argument("--port", type=int, default=0, help="0: that of the state, or a free one")
    parser.add_argument("--kubeconfigs", type=Path, help="folder for one kubeconfig for each member")
    parser.add_argument("--die-with-parent", action="store_true", help="end when the parent does (Linux)")
    return parser.parse_args()


def _die_with_parent(parent: int) -> None:
    """Requests SIGTERM from the kernel for when the parent's thread ends. Exits if the parent has ended before the
    request."""
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM) != 0:
        raise SimulatorError(f"--die-with-parent: {os.strerror(ctypes.get_errno())}")
    if os.getppid() != parent:
        sys.exit(0)


def _write_kubeconfigs(simulator: Simulator, folder: Path) -> list[str]:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    paths = []
    for name, member in simulator.members.items():
        path = folder / f"{name}.yaml"
        path.unlink(missing_ok=True)  # an existing file would keep its mode
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(member.kubeconfig)
        paths.append(str(path))
    return paths


async def _serve(arguments: argparse.Namespace) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    names = [name.strip() for name in arguments.members.split(",") if name.strip()]
    async with Simulator(names, state=arguments.state, port=arguments.port) as simulator:
        ready = {"port": simulator.port, "admin_token": simulator.admin_token, "kubeconfigs": []}
        if arguments.kubeconfigs is not None:
            ready["kubeconfigs"] = await asyncio.to_thread(_write_kubeconfigs, simulator, arguments.kubeconfigs)
        sys.stdout.buffer.write(orjson.dumps(ready) + b"\n")
        sys.stdout.buffer.flush()
        await ended.wait()


def main() -> None:
    parent = os.getppid()
    arguments = _arguments()
    try:
        if arguments.die_with_parent:
            _die_with_parent(parent)
        asyncio.run(_serve(arguments))
    except SimulatorError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
