"""`python -m benchmarks.dbos_alone URL RUNS STEPS`: prints the seconds of a step in a program that uses DBOS."""

import asyncio
import sys
import time

from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer


@DBOS.workflow()
async def _work(steps: int) -> None:
    async def step() -> str:
        return "A line."

    for number in range(steps):
        await DBOS.run_step_async({"name": f"s{number}"}, step)


async def _measured(runs: int, steps: int) -> float:
    DBOS.launch()
    began = time.perf_counter()
    handles = [await DBOS.start_workflow_async(_work, steps) for _ in range(runs)]
    for handle in handles:
        await handle.get_result()
    return (time.perf_counter() - began) / (runs * steps)


def main() -> None:
    url, runs, steps = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    config: DBOSConfig = {
        "name": "alone",
        "system_database_url": url.replace("postgresql+asyncpg://", "postgresql://"),
        "executor_id": "alone",
        "application_version": "alone-1",
        "run_migrations": False,
        "log_level": "ERROR",
        "serializer": DBOSPortableJSONSerializer(),
    }
    DBOS(config=config)
    try:
        print(asyncio.run(_measured(runs, steps)))
    finally:
        DBOS.destroy()


if __name__ == "__main__":
    main()
