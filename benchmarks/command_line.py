"""The command line on 300 clusters: when it prints the first word, and how much it prints."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import yaml

from benchmarks.bench import Bench
from benchmarks.charts import NAMESPACE, Chart, values
from benchmarks.figures import Figure, Row
from benchmarks.members import simulated
from benchmarks.server import GROUP, TOKEN, Server, polyhelm

_MEMBERS = 300
_FIRST_WORD = 1.0  # second, from the start of the process
_LARGEST_OUTPUT = 200_000.0  # bytes, of standard output and standard error
_PROGRAM = (sys.executable, "-c", "from app.program.cli import main; main()")


@dataclass(frozen=True)
class _Run:
    first_word: float
    """Seconds from the start of the process to its first output."""
    seconds: float
    size: int
    """Bytes of standard output and standard error."""


async def of_three_hundred_clusters(bench: Bench) -> list[Row]:
    bench.tell(f"cli: registering {_MEMBERS} members")
    async with (
        simulated(_MEMBERS, bench.folder / "cli-members") as kubeconfigs,
        polyhelm(bench.folder / "cli-data", bench.helm) as server,
    ):
        await server.fleet(kubeconfigs, bench.chart)
        files = [_file(bench.folder, number) for number in range(bench.rounds + 1)]
        bench.tell("cli: deploying")
        await _run(server, "deploy", "apply", "--file", str(files[0]), "--yes")
        commands: dict[str, list[tuple[str, ...]]] = {
            "deploy diff": [("deploy", "diff", "--file", str(file)) for file in files[1:]],
            "deploy apply": [("deploy", "apply", "--file", str(file), "--yes") for file in files[1:]],
            "status": [("status",)] * bench.rounds,
        }
        rows = []
        for name, arguments in commands.items():
            bench.tell(f"cli: {name}")
            runs = [await _run(server, *each) for each in arguments]
            first = Figure(tuple(run.first_word for run in runs))
            sizes = Figure(tuple(float(run.size) for run in runs), "kB")
            rows.append(Row(f"`polyhelm {name}` on {_MEMBERS} clusters, first word", first, below=_FIRST_WORD))
            rows.append(Row("the same, until its end", Figure(tuple(run.seconds for run in runs))))
            rows.append(Row("the same, output", sizes, below=_LARGEST_OUTPUT))
        return rows


async def _run(server: Server, *arguments: str) -> _Run:
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"]}
    environment |= {"POLYHELM_SERVER": server.url, "POLYHELM_TOKEN": TOKEN}
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        *(*_PROGRAM, *arguments), env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    assert process.stdout is not None
    first = await process.stdout.read(1)
    first_word = time.perf_counter() - began
    text = first + await process.stdout.read()
    assert await process.wait() == 0, text.decode()
    return _Run(first_word, time.perf_counter() - began, len(text))


def _file(folder: Path, number: int) -> Path:
    document = {
        "polyhelm": "v1",
        "group": GROUP,
        "release": "words",
        "namespace": NAMESPACE,
        "chart": Chart.REFERENCE,
        "values": values(number),
    }
    path = folder / f"words-{number}.yaml"
    path.write_text(yaml.safe_dump(document))
    return path
