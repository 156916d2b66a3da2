"""`python -m tests.soak --steps 5000 --seed 7`."""

import argparse
import asyncio
import random
import signal
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

from tests.kubernetes import binaries
from tests.kubernetes.controlplane import ControlPlanes
from tests.soak.soak import Report, soak


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description="Random steps under faults.")
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--real", type=int, default=1, help="real members beside the three simulated ones")
    parser.add_argument("--problems", type=int, default=1, help="bursts with problems after which it ends")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what was started is ended
    print(f"seed {arguments.seed}", flush=True)
    report = asyncio.run(_run(arguments))
    print(report, report.kinds, report.failures, sep="\n", flush=True)
    return 1 if report.problems else 0


async def _run(arguments: argparse.Namespace) -> Report:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="polyhelm-soak-")))
        real = {}
        if arguments.real:
            planes = await stack.enter_async_context(ControlPlanes())
            for number in range(1, arguments.real + 1):
                real[f"real-{number}"] = (await planes.start(f"real-{number}")).kubeconfig
        return await soak(
            folder,
            real,
            seed=arguments.seed,
            steps=arguments.steps,
            seconds=arguments.seconds,
            helm=str(binaries.helm()),
            most_problems=arguments.problems,
            say=lambda text: print(time.strftime("%H:%M:%S"), text, flush=True),
        )


if __name__ == "__main__":
    sys.exit(main())
