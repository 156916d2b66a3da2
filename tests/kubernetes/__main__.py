"""`python -m tests.kubernetes`: build the binaries, or run a command beside real clusters."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

from . import binaries, node
from .controlplane import ControlPlanes
from .credentials import write_private
from .process import StartFailed, dying_with_parent

KUBECONFIGS_VARIABLE = "POLYHELM_DEMO_KUBECONFIGS"
NAMES = ("paris", "berlin", "tokyo", "lagos", "lima", "oslo", "quito", "seoul")


def main() -> int:
    arguments = _parser().parse_args()
    try:
        if arguments.task == "build":
            return _build()
        return asyncio.run(_run(arguments))
    except (binaries.BinariesMissing, StartFailed, OSError, ValueError) as problem:
        print(f"tests.kubernetes: {problem}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.kubernetes", description=__doc__)
    tasks = parser.add_subparsers(dest="task", required=True)
    tasks.add_parser("build", help="find or build all binaries, and print where they are")
    run = tasks.add_parser(
        "run",
        help="start members, run a command, stop the members when it ends",
        epilog=f"The command finds the members' kubeconfig files, joined by {os.pathsep!r}, in {KUBECONFIGS_VARIABLE}.",
    )
    run.add_argument("--members", type=int, default=3, choices=range(1, len(NAMES) + 1), help="how many (default: 3)")
    run.add_argument("--names", type=lambda text: text.split(","), help="their names, e.g. paris,berlin,tokyo")
    run.add_argument("--data", type=Path, required=True, help="where everything is kept for the next time")
    run.add_argument("--ready-pods", action="store_true", help="with controllers, and Pods that become ready")
    run.add_argument("command", nargs="+", help="after `--`")
    return parser


def _build() -> int:
    programs = binaries.control_plane()
    for path in (programs.etcd, programs.api_server, programs.controller_manager, binaries.helm()):
        print(path)
    if reason := node.obstacle():
        print(f"no node: {reason}", file=sys.stderr)
    else:
        programs_of_node = binaries.node()
        print(programs_of_node.scheduler, programs_of_node.kubelet, sep="\n")
    return 0


async def _run(arguments: argparse.Namespace) -> int:
    """Returns the command's exit code, or 128 + the signal that ended it, as shells do."""
    data: Path = arguments.data.resolve()
    names: list[str] = arguments.names or list(NAMES[: arguments.members])
    command: subprocess.Popen[bytes] | None = None
    received: signal.Signals | None = None
    task = asyncio.current_task()
    assert task is not None

    def forward(number: signal.Signals) -> None:
        """To the command and its children, as a terminal does; while the members still start, give up."""
        nonlocal received
        received = number
        if command is None:
            task.cancel()
        elif command.poll() is None:
            os.killpg(command.pid, number)

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, forward, number)
    try:
        async with ControlPlanes(data) as planes:
            ready = {"controllers": arguments.ready_pods, "ready_pods": arguments.ready_pods}
            members = await asyncio.gather(*(planes.start(name, **ready) for name in names))
            files = [data / f"{member.name}.yaml" for member in members]
            for file, member in zip(files, members, strict=True):
                write_private(file, member.kubeconfig)
            command = _start(arguments.command, files)
            while (code := command.poll()) is None:  # noqa: ASYNC110 - a child that ends sets no Event
                await asyncio.sleep(0.05)
            return code if code >= 0 else 128 - code
    except asyncio.CancelledError:
        if received is None:
            raise
        return 128 + received


def _start(command: list[str], kubeconfigs: list[Path]) -> subprocess.Popen[bytes]:
    """In a session of its own: else a Ctrl-C would reach it twice, and the second makes servers drop everything."""
    environment = os.environ | {KUBECONFIGS_VARIABLE: os.pathsep.join(map(str, kubeconfigs))}
    return subprocess.Popen([*dying_with_parent("TERM"), *command], env=environment, start_new_session=True)


if __name__ == "__main__":
    sys.exit(main())
