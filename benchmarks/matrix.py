"""The fleet's page with 1,000 clusters and 50 deployments, in Chromium: how soon it shows, how fluently it scrolls."""

from __future__ import annotations

import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from playwright.async_api import Page, expect

from app.fleet.services import AllServices
from app.program.processes import listen, run_api, running
from benchmarks.bench import Bench
from benchmarks.figures import Figure, Row
from benchmarks.server import TOKEN
from benchmarks.services import new_services
from tests.frontend.chromium import launched
from tests.frontend.large import fail, fill, scrolled
from tests.frontend.site import opened

_CLUSTERS, _DEPLOYMENTS = 1000, 50
_AN_HOUR = 3600  # no observer confirms these members: they count as confirmed for so long


@dataclass(frozen=True)
class _Site:
    url: str


async def of_fifty_thousand(bench: Bench) -> list[Row]:
    first, half, slowest, change = [], [], [], []
    async with _polyhelm(bench) as (services, site), launched() as browser:
        bench.tell(f"matrix: writing {_CLUSTERS * _DEPLOYMENTS:,} targets")
        target_id = await fill(services, _CLUSTERS, _DEPLOYMENTS)
        for number in range(bench.rounds):
            bench.tell(f"matrix: scrolling, round {number + 1} of {bench.rounds}")
            async with opened(browser, site, token=TOKEN) as page:
                began = time.perf_counter()
                await page.goto("/")
                await expect(page.locator("[data-at='0:0']")).to_be_visible()
                first.append(time.perf_counter() - began)
                frames = sorted(await _to_the_end(page))
                half.append(statistics.median(frames) / 1000)
                slowest.append(frames[-len(frames) // 20] / 1000)
                await page.get_by_role("grid").evaluate("grid => grid.scrollTo(0, 0)")
                shown = page.get_by_role("link", name=f"service-{number:03} on cluster-0001: Failed")
                await fail(services, target_id + number * _CLUSTERS)
                began = time.perf_counter()
                await expect(shown).to_be_visible()
                change.append(time.perf_counter() - began)
    what = f"fleet's page, {_CLUSTERS:,} clusters by {_DEPLOYMENTS} deployments"
    return [
        Row(f"{what}: first cells", Figure(tuple(first), "s")),
        Row("the same, scrolling fast: median frame", Figure(tuple(half), "ms")),
        Row("the same, scrolling fast: 19 in 20 frames below", Figure(tuple(slowest), "ms")),
        Row("the same, from a change of one target to its cell", Figure(tuple(change), "s")),
    ]


async def _to_the_end(page: Page) -> list[float]:
    """The milliseconds of each frame."""
    frames: list[float] = []
    last = page.get_by_role("rowheader", name=f"cluster-{_CLUSTERS}")
    while not await last.is_visible():
        frames += await scrolled(page, down=300)
    return frames


@asynccontextmanager
async def _polyhelm(bench: Bench) -> AsyncIterator[tuple[AllServices, _Site]]:
    async with new_services(bench, "matrix-data", confirm_every=_AN_HOUR, port=0) as services:
        listener = listen(services.settings)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with running(run_api(services, listener)):
            yield services, _Site(url)
