"""`python -m benchmarks`: measures, prints a table, and says which goals are met."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from app.helm.binary import find_helm
from benchmarks import (
    command_line,
    crash,
    drift,
    hostile,
    idle,
    live,
    matrix,
    page,
    plan,
    plan_page,
    rediff,
    rollout,
    rollouts,
    upgrade_routes,
    workflows,
)
from benchmarks.bench import Bench
from benchmarks.charts import Chart
from benchmarks.figures import Row
from benchmarks.machine import described
from tests.kubernetes import binaries

_BENCHMARKS: dict[str, Callable[[Bench], Awaitable[list[Row]]]] = {
    "rollout-real": rollout.on_real_members,
    "rollout-simulated": rollout.on_simulated_members,
    "rollouts": rollouts.in_waves,
    "upgrade-routes": upgrade_routes.of_instances,
    "workflows": workflows.of_steps,
    "rediff": rediff.of_all_targets,
    "page": page.of_targets,
    "matrix": matrix.of_fifty_thousand,
    "live": live.of_changes,
    "fan-out": live.of_one_change,
    "observer": live.at_scale,
    "resources": live.of_resources,
    "drift": drift.of_edits,
    "crash": crash.of_pods,
    "idle": idle.with_three_members,
    "cli": command_line.of_three_hundred_clusters,
    "plan": plan.of_sixty_clusters,
    "plan-page": plan_page.of_a_thousand_targets,
    "hostile": hostile.to_others,
    "hostile-behind-haproxy": hostile.behind_haproxy,
}

_WIDTH = 150  # of the table where it goes to a file


def main() -> None:
    arguments = _parser().parse_args()
    progress = Console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="polyhelm-bench-") as name, progress.status("starting") as status:
        folder = Path(name)
        helm = arguments.helm or _newest_helm()
        bench = Bench(folder, helm.resolve(), Chart.packed(folder), arguments.rounds, status.update)
        machine = described(bench)
        rows = asyncio.run(_run(bench, arguments.only or list(_BENCHMARKS)))
    _print(machine, arguments.rounds, rows)
    if arguments.json:
        found = {"machine": machine, "rounds": arguments.rounds, "rows": [row.as_json() for row in rows]}
        arguments.json.write_text(json.dumps(found, indent=2) + "\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("only", nargs="*", choices=[[], *_BENCHMARKS], help="which ones (default: all)")
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each; fewer than 5 prove nothing")
    parser.add_argument("--helm", type=Path, help="the Helm of both sides (default: the newest that can be had)")
    parser.add_argument("--json", type=Path, help="a file to write all figures to")
    return parser


def _newest_helm() -> Path:
    try:
        return binaries.helm()
    except binaries.BinariesMissing:
        return find_helm(None).path


async def _run(bench: Bench, names: list[str]) -> list[Row]:
    rows = []
    for name in names:
        try:
            found = await _BENCHMARKS[name](bench)
        except binaries.BinariesMissing as missing:
            print(f"{name} is left out: {missing}", file=sys.stderr)
        else:
            for row in found:  # at once, so that a long run that is interrupted has printed its results so far
                print(f"{row.what}: {row.ours}" + (f" against {row.other}" if row.other else ""), file=sys.stderr)
            rows += found
    return rows


def _print(machine: dict[str, str], rounds: int, rows: list[Row]) -> None:
    console = Console() if sys.stdout.isatty() else Console(width=_WIDTH)
    console.print(", ".join(f"{name} {value}" for name, value in machine.items()), highlight=False)
    console.print(f"Medians of {rounds}, with the least and the most of them in brackets.", highlight=False)
    table = Table("what", "Polyhelm", "instead", "ratio", "goal", "met")
    for row in rows:
        instead = f"{row.other}\n{row.other_name}" if row.other else ""
        part = "" if row.part is None else f"{row.part:.2f}x" if row.part >= 0.01 else f"1/{1 / row.part:,.0f}"
        met = {True: "yes", False: "NO", None: ""}[row.met]
        table.add_row(
            f"{row.what}\n[dim]{row.note}[/]" if row.note else row.what, str(row.ours), instead, part, row.goal, met
        )
    console.print(table, highlight=False)


if __name__ == "__main__":
    main()
