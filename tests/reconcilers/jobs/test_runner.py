"""Jobs: written with a transaction, done once at a time, tried again when they fail, and given up after a while."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app.core.errors import TemporaryError
from app.core.jobs import Job
from app.core.leases import Renewal
from app.fleet.services import AllServices
from app.jobs import leases
from app.releases.error_codes import ActionCode
from reconcilers.jobs.kinds import Kind
from reconcilers.jobs.runner import Runner
from tests.stack import Stack

ACME = 1
NAMES = ("test.note",)


class Note(Job):
    job_name = "test.note"
    text: str


class Notes:
    """Does jobs by writing down their texts, after `before` has been awaited."""

    def __init__(self, stack: Stack, *, attempts: int = 3, seconds: float = 60) -> None:
        self.stack = stack
        self.written: list[str] = []
        self.before: Callable[[], Awaitable[Any]] = nothing
        kind = Kind(Note, self._write, attempts=attempts, seconds=seconds)
        self.runner = Runner(stack.services, {Note.job_name: kind})

    async def _write(self, services: AllServices, job: Note) -> None:
        await self.before()
        self.written.append(job.text)

    async def do_all(self) -> None:
        for job_id in await due(self.stack):
            await self.runner.work_on(job_id)


async def nothing() -> None:
    pass


async def ask(stack: Stack, words: str = "hello", **given: Any) -> None:
    async with stack.services.transaction() as transaction:
        transaction.enqueue(Note(text=words), **{"organization_id": ACME} | given)


async def due(stack: Stack, organization_id: int | None = ACME) -> list[int]:
    return await leases.due_jobs(stack.services, NAMES, organization_id, limit=100)


async def rows(stack: Stack, columns: str) -> list[tuple[Any, ...]]:
    found = await stack.services.database.rows(text(f"SELECT {columns} FROM job WHERE name = 'test.note' ORDER BY id"))
    return [tuple(row) for row in found]


async def let_time_pass(stack: Stack) -> None:
    """As if all leases and pauses had ended."""
    async with stack.services.transaction() as transaction:
        past = "least(taken_until, now() - interval '1 s')"
        await transaction.session.execute(
            text(f"UPDATE job SET taken_until = {past}, due_at = least(due_at, now() - interval '1 s')")
        )


async def test_a_job_is_written_with_its_transaction_and_done_once(quiet: Stack) -> None:
    notes = Notes(quiet)

    async def fail() -> None:
        async with quiet.services.transaction() as transaction:
            transaction.enqueue(Note(text="lost"), organization_id=ACME)
            raise ValueError("rolled back")

    with pytest.raises(ValueError, match="rolled back"):
        await fail()
    await ask(quiet)
    await ask(quiet, "of the installation", organization_id=None)
    await ask(quiet, "later", after=timedelta(hours=1))
    (job_id,) = await due(quiet)
    done = await asyncio.gather(*(notes.runner.work_on(job_id) for _ in range(5)))
    assert sorted(done) == [False] * 4 + [True]
    assert notes.written == ["hello"]
    assert len(await due(quiet, None)) == 1
    assert await leases.due_job_counts(quiet.services, NAMES) == {None: 1}
    assert await leases.due_job_counts(quiet.services, ("another.job",)) == {}


async def test_equal_open_jobs_are_one_and_a_request_during_a_job_leads_to_another_one(quiet: Stack) -> None:
    notes = Notes(quiet)
    await ask(quiet, after=timedelta(hours=1))
    await ask(quiet)
    await ask(quiet, after=timedelta(hours=1))
    assert await rows(quiet, "requests, due_at <= now()") == [(3, True)]

    async def ask_meanwhile() -> None:
        notes.before = nothing
        await ask(quiet, unless_open=True)
        await ask(quiet)

    notes.before = ask_meanwhile
    await notes.do_all()
    await notes.do_all()
    await notes.do_all()
    assert notes.written == ["hello", "hello"]

    async def ask_unless_open() -> None:
        await ask(quiet, unless_open=True)

    notes.before = ask_unless_open
    await ask(quiet, unless_open=True)
    await notes.do_all()
    assert notes.written == ["hello"] * 3
    assert await rows(quiet, "id") == []


async def test_a_job_that_fails_is_tried_again_after_a_pause_and_kept_for_a_week_when_it_has_failed(
    quiet: Stack,
) -> None:
    notes = Notes(quiet, attempts=2)

    async def fail() -> None:
        raise TemporaryError(ActionCode.CHART_STORAGE, "The bucket\0 is away.")

    notes.before = fail
    await ask(quiet)
    await notes.do_all()
    found = "attempts, error, finished_at IS NULL, due_at > clock_timestamp() - interval '1 s'"
    assert await rows(quiet, found) == [(1, "The bucket is away.", True, True)]
    await let_time_pass(quiet)
    await notes.do_all()
    assert await rows(quiet, "attempts, finished_at IS NULL") == [(2, False)]
    await let_time_pass(quiet)
    assert await due(quiet) == []
    assert await leases.count_failed_jobs(quiet.services) == 1

    notes.before = nothing
    await ask(quiet)  # a job that has failed keeps nobody from asking again
    await notes.do_all()
    assert notes.written == ["hello"]
    await leases.remove_old_jobs(quiet.services)
    assert await leases.count_failed_jobs(quiet.services) == 1
    async with quiet.services.transaction() as transaction:
        await transaction.session.execute(text("UPDATE job SET finished_at = finished_at - interval '8 days'"))
    await leases.remove_old_jobs(quiet.services)
    assert await rows(quiet, "id") == []


async def test_a_job_that_ends_its_worker_each_time_is_given_up(quiet: Stack) -> None:
    notes = Notes(quiet, attempts=2)
    await ask(quiet)
    (job_id,) = await due(quiet)
    for _ in range(2):
        assert await leases.take(quiet.services, job_id, timedelta(seconds=30)) is not None
        assert await due(quiet) == []
        await let_time_pass(quiet)
    await notes.do_all()
    assert notes.written == []
    assert await rows(quiet, "error, finished_at IS NULL") == [("The worker ended during each attempt.", False)]


async def test_a_worker_whose_lease_has_ended_writes_nothing(quiet: Stack) -> None:
    services, length = quiet.services, timedelta(seconds=30)
    await ask(quiet)
    (job_id,) = await due(quiet)
    first = await leases.take(services, job_id, length)
    await let_time_pass(quiet)
    second = await leases.take(services, job_id, length)
    assert first is not None
    assert second is not None
    assert await leases.renew(services, first, length) is Renewal.LOST
    assert not await leases.fail(services, first, "It failed.", pause=length, most=1)
    await leases.give_back(services, first)
    await leases.finish(services, first)
    assert await rows(quiet, "attempts, token, error, taken_until > now()") == [(2, 2, None, True)]
    assert await leases.renew(services, second, length) is Renewal.RENEWED
    await leases.finish(services, second)
    assert await rows(quiet, "id") == []


async def test_a_job_that_takes_too_long_is_stopped(quiet: Stack) -> None:
    notes, is_stopped = Notes(quiet, seconds=0.05), asyncio.Event()

    async def hang() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            is_stopped.set()

    notes.before = hang
    await ask(quiet)
    await notes.do_all()
    assert is_stopped.is_set()
    assert await rows(quiet, "attempts, error") == [(1, "It took longer than 0.05 s.")]


async def test_a_job_of_a_worker_that_is_stopped_is_due_at_once(quiet: Stack) -> None:
    notes, has_begun = Notes(quiet), asyncio.Event()

    async def hang() -> None:
        has_begun.set()
        await asyncio.Event().wait()

    notes.before = hang
    await ask(quiet)
    work = asyncio.create_task(notes.do_all())
    await has_begun.wait()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert await rows(quiet, "attempts, taken_until") == [(0, None)]
    notes.before = nothing
    await notes.do_all()
    assert notes.written == ["hello"]


async def test_an_input_that_does_not_fit_fails_at_once(quiet: Stack) -> None:
    notes = Notes(quiet)
    await ask(quiet)
    async with quiet.services.transaction() as transaction:
        await transaction.session.execute(text("UPDATE job SET input = '{}'"))
    await notes.do_all()
    ((error, is_open),) = await rows(quiet, "error, finished_at IS NULL")
    assert (error.split(":")[0], is_open) == ("The input is not valid", False)
