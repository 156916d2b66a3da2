"""Housekeeping: one repository that is slow, broken or hostile delays no other, and ends nothing that others use."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from aiohttp import web
from sqlalchemy import text
from sqlmodel import select

from app.jobs.leases import due_job_counts
from app.tables.charts import ChartRepository
from reconcilers.dispatcher import Dispatcher
from reconcilers.housekeeping import Housekeeping
from reconcilers.jobs import NAMES, job_dispatchers
from reconcilers.jobs.kinds import KINDS, JobPool
from reconcilers.jobs.runner import Runner
from tests.charts.servers import Files, served
from tests.sample_charts import archive, chart_files
from tests.stack import Stack, eventually

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]


async def dripping(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(1000):
        await response.write(b" ")
        await asyncio.sleep(0.05)
    return response


async def read_indexes(stack: Stack) -> None:
    """Reads all that are old, to the end."""
    await Housekeeping(stack.services).read_indexes()
    runner = Runner(stack.services, KINDS)
    await asyncio.gather(*(runner.work_on(job_id) for job_id in await open_jobs(stack)))


async def open_jobs(stack: Stack) -> list[int]:
    rows = await stack.services.database.rows(text("SELECT id FROM job WHERE finished_at IS NULL"))
    return [job_id for (job_id,) in rows]


async def test_a_repository_that_fails_delays_no_other(new_stack: NewStack) -> None:
    files, slow = Files(), Files()
    for each in (files, slow):
        each.offer("web", "1.0.0", archive(chart_files("web"), root="web"))
    handlers = {"slow": slow}

    async def answer(request: web.Request) -> web.StreamResponse:
        handler = handlers["slow"]
        return await (handler(request) if isinstance(handler, Files) else dripping(request))

    async with (
        served(files) as host,
        served(answer) as slow_host,
        new_stack(working=False, plain_http_hosts=f"{host},{slow_host}", repository_timeout=2) as stack,
    ):
        login = {"username": "reader", "password": "otters"}
        for name, address, more in (("good", host, {}), ("slow", slow_host, {}), ("sealed", host, login)):
            answered = await stack.mutate(
                "addChartRepository", "__typename", name=name, url=f"http://{address}", **more
            )
            assert answered["__typename"] == "ChartRepositoryPayload", answered
        async with stack.services.transaction() as transaction:
            await transaction.session.execute(text("UPDATE chart_repository SET refreshed_at = NULL"))
            await transaction.session.execute(
                text("UPDATE chart_repository SET credentials = 'x' WHERE name = 'sealed'")
            )
        del handlers["slow"]
        handlers["slow"] = None  # type: ignore[assignment]
        files.offer("web", "1.1.0", archive(chart_files("web", "1.1.0"), root="web"))

        await read_indexes(stack)
        rows = await stack.services.database.rows(
            select(ChartRepository.name, ChartRepository.error, ChartRepository.refreshed_at)
        )
        errors = {name: (error, refreshed_at is not None) for name, error, refreshed_at in rows}
        assert errors["good"] == (None, True)
        assert errors["slow"] == (f"http://{slow_host}/index.yaml did not answer completely within 2 s.", False)
        assert errors["sealed"][0] is not None
        assert errors["sealed"][0].startswith("The stored credentials cannot be decrypted: ")
        found = await stack.data('{ chart(repository: "good", name: "web") { versions { version } } }')
        assert [each["version"] for each in found["chart"]["versions"]] == ["1.1.0", "1.0.0"]


async def test_an_organization_with_slow_repositories_leaves_connections_to_others(new_stack: NewStack) -> None:
    waiting, full = asyncio.Event(), asyncio.Event()
    asked = []

    async def stuck(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        if len(asked) == 4:
            full.set()
        await waiting.wait()
        return web.Response(status=404)

    settings = {"repository_connections": 4, "organization_repository_connections": 3}
    async with served(stuck) as host, new_stack(working=False, plain_http_hosts=host, **settings) as stack:
        downloads = [
            asyncio.create_task(stack.services.downloader.get(f"http://{host}/{number}", share=1, limit=10))
            for number in range(8)
        ]
        other = asyncio.create_task(stack.services.downloader.get(f"http://{host}/other", share=2, limit=10))
        try:
            async with asyncio.timeout(180):
                await full.wait()
            assert "/other" in asked
        finally:
            waiting.set()
        await asyncio.gather(*downloads, other, return_exceptions=True)
        assert len(asked) == 9


async def test_an_organization_with_many_slow_repositories_delays_no_index_of_another(new_stack: NewStack) -> None:
    """Thirty indexes that do not come, while eight are read at once."""
    waiting, stuck = asyncio.Event(), False

    async def answer(request: web.Request) -> web.StreamResponse:
        if stuck and not request.path.startswith("/other"):
            await waiting.wait()
        return web.Response(body=b"entries: {}")

    async with served(answer) as host, new_stack(working=False, plain_http_hosts=host) as stack:
        await stack.mutate("createOrganization", "__typename", name="other")
        for number in range(30):
            given = {"url": f"http://{host}/{number}", "organization": "default"}
            await stack.mutate("addChartRepository", "__typename", name=f"slow-{number}", **given)
        given = {"url": f"http://{host}/other", "organization": "other"}
        await stack.mutate("addChartRepository", "__typename", name="quick", **given)
        async with stack.services.transaction() as transaction:
            await transaction.session.execute(text("UPDATE chart_repository SET refreshed_at = NULL"))
        stuck = True
        keeper, jobs = Housekeeping(stack.services), job_dispatchers(stack.services)[JobPool.JOBS]
        for _ in range(2):  # in the next round, what is being read is not begun again
            await keeper.read_indexes()
            for organization_id in await due_job_counts(stack.services, NAMES):
                jobs.note(organization_id)

        async def is_read() -> bool:
            [[count]] = await stack.services.database.rows(
                text("SELECT count(*) FROM chart_repository WHERE refreshed_at IS NOT NULL")
            )
            return bool(count == 1)

        await eventually(is_read)

        async def is_marked_as_done() -> bool:
            return len(await open_jobs(stack)) == 30

        await eventually(is_marked_as_done)
        await eventually(lambda: six_slots_are_taken(jobs))
        waiting.set()

        async def all_are_done() -> bool:
            return not await open_jobs(stack)

        await eventually(all_are_done)
        await jobs.stop(grace=10)


async def six_slots_are_taken(jobs: Dispatcher) -> bool:
    """A job returns its slot a moment after its row says that it is done."""
    return jobs.limiter.taken == 6
