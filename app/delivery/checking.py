"""Runs of checks: an advance of a rollout starts and cancels them, and their measurements are written here.

A run survives any restart: what is due next is a job, and a measurement is written only if the run is still the one
with which it began. So a measurement that two workers make at once counts once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, bindparam, select, update
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.transaction import Transaction
from app.delivery import metrics
from app.delivery.codes import RolloutEvent
from app.delivery.leftovers import jobs_of, stored_jobs
from app.delivery.stored import Loaded
from app.jobs.rollouts import CheckJobs, DiscardCheckJobs, MeasureCheck, wake_rollouts
from app.rollouts.check_jobs import Look
from app.rollouts.checks import CheckRule, Finding, worst_first
from app.rollouts.progress import Advance, lapsed
from app.rollouts.states import ENDED, Answer, CheckVerdict
from app.tables.columns import now
from app.tables.rollouts import CheckMeasurement, CheckRun, Rollout, RolloutWave

MOST_CLUSTERS = 20
"""The clusters whose results are stored with a measurement."""
_LONGEST = 1000

_IS_OPEN = col(CheckRun.ended_at).is_(None)
_WRITE = (
    update(CheckRun)
    .where(
        col(CheckRun.id) == bindparam("run"),
        col(CheckRun.version) == bindparam("known"),
        _IS_OPEN,
    )
    .values(
        version=CheckRun.version + 1,
        verdict=bindparam("verdict"),
        message=bindparam("message"),
        next_at=bindparam("next_at"),
        measuring_since=None,
        looks={},
        ended_at=bindparam("ended_at"),
    )
    .returning(col(CheckRun.id))
    .execution_options(synchronize_session=False)
)
_ANSWERS = (
    select(col(CheckMeasurement.answer))
    .where(col(CheckMeasurement.run_id) == bindparam("run"))
    .order_by(col(CheckMeasurement.number))
)


@dataclass(frozen=True)
class Measured:
    """The result of a measurement that began at `started_at`, with those of single clusters."""

    finding: Finding
    started_at: datetime
    clusters: Mapping[str, Finding]


async def follow_checks(transaction: Transaction, loaded: Loaded, advanced: Advance) -> None:
    """Starts the checks that the rollout waits for, and cancels those whose results no longer count."""
    cancelled = lapsed(advanced.rollout, {key: run.verdict for key, run in loaded.checks.items()})
    if cancelled:
        ids = col(CheckRun.id).in_([loaded.checks[key].id for key in cancelled])
        # A run that ends by itself just now keeps its verdict, unless the wave has to settle again.
        await _cancel(transaction, loaded.row, ids, *([_IS_OPEN] if advanced.rollout.phase in ENDED else []))
    runs = list[CheckRun]()
    for key in advanced.checks:
        run = loaded.checks.get(key) if key not in cancelled else None
        runs.append(run or await start_run(transaction, loaded.row, loaded.waves[key[0]], key[1]))
    running = [run for run in runs if run.verdict is CheckVerdict.RUNNING]
    jobs = await jobs_of(transaction.session, loaded.row, running)
    for run in running:  # also after the rollout was paused, when a measurement was left out
        job = MeasureCheck(run_id=run.id, version=run.version, jobs=jobs.get(run.id))
        _request(transaction, loaded.row, job, run.next_at)


async def start_run(transaction: Transaction, row: Rollout, wave: RolloutWave, name: str) -> CheckRun:
    rule = next(each for each in _rules(wave) if each["name"] == name)
    run = CheckRun(rollout_id=row.id, wave=wave.index, name=name, rule=rule, next_at=now())
    transaction.session.add(run)
    await transaction.session.flush()
    return run


def check_names(wave: RolloutWave) -> list[str]:
    """The names of the checks before and after a wave."""
    return [each["name"] for each in _rules(wave)]


def _rules(wave: RolloutWave) -> list[dict[str, Any]]:
    return [*wave.rule.get("checksBefore", ()), *wave.rule.get("checks", ())]


def _request(transaction: Transaction, row: Rollout, job: MeasureCheck, at: datetime | None) -> None:
    after = max(at - now(), timedelta()) if at is not None else timedelta()
    transaction.enqueue(job, organization_id=row.organization_id, after=after, unless_open=True)


async def cancel_checks(transaction: Transaction, row: Rollout) -> None:
    """Cancels the checks of a rollout that have not ended."""
    await _cancel(transaction, row, _IS_OPEN)


async def _cancel(transaction: Transaction, row: Rollout, *which: ColumnElement[bool]) -> None:
    cancelled = await transaction.session.execute(
        update(CheckRun)
        .where(col(CheckRun.rollout_id) == row.id, *which)
        .values(verdict=CheckVerdict.CANCELLED, next_at=None, ended_at=now())
        .returning(CheckRun)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    for run_id, jobs in (await jobs_of(transaction.session, row, list(cancelled.scalars()))).items():
        transaction.enqueue(DiscardCheckJobs(run_id=run_id, jobs=jobs), organization_id=row.organization_id)


async def postpone(
    transaction: Transaction,
    run: CheckRun,
    row: Rollout,
    jobs: CheckJobs | None,
    since: datetime,
    looks: Mapping[str, Look],
    pause: timedelta,
) -> None:
    """Continues a measurement after a pause: some of its Jobs have not ended. `looks` is kept until then."""
    next_at = now() + pause
    statement = update(CheckRun).where(col(CheckRun.id) == run.id, col(CheckRun.version) == run.version, _IS_OPEN)
    stored = {cluster: look.as_json() for cluster, look in looks.items()}
    changes = {"version": run.version + 1, "next_at": next_at, "measuring_since": since, "looks": stored}
    written = await transaction.session.execute(
        statement.values(**changes).returning(col(CheckRun.id)).execution_options(synchronize_session=False)
    )
    if written.first() is None:
        await discard_again(transaction, run.id, jobs)
        return
    again = MeasureCheck(run_id=run.id, version=run.version + 1, jobs=jobs)
    _request(transaction, row, again, next_at)


async def discard_again(transaction: Transaction, run_id: int, jobs: CheckJobs | None) -> None:
    """Deletes the Jobs of a run that has ended or was deleted, and of the measurements that have been written: a worker
    whose result came too late may have created some after they were deleted."""
    session = transaction.session
    run = await session.get(CheckRun, run_id, populate_existing=True)
    jobs = jobs or await stored_jobs(session, run_id)
    if jobs is None:
        return
    has_ended = run is None or run.ended_at is not None
    written = 0 if has_ended else len(await answers_of(session, run_id))
    if has_ended or written:
        job = DiscardCheckJobs(run_id=run_id, number=written or None, jobs=jobs)
        transaction.enqueue(job, organization_id=jobs.organization_id)


async def answers_of(session: AsyncSession, run_id: int) -> list[Answer]:
    """The answers of the measurements of a run, the oldest first."""
    return [Answer(answer) for (answer,) in await session.execute(_ANSWERS, {"run": run_id})]


async def write_measurement(
    transaction: Transaction, run: CheckRun, row: Rollout, jobs: CheckJobs | None, wave: str, measured: Measured
) -> CheckVerdict | None:
    """Writes a measurement, unless the run has changed since it began. Returns the verdict, or None then."""
    rule = CheckRule.of_json(run.rule)
    finding = measured.finding
    answers = await answers_of(transaction.session, run.id)
    verdict = rule.verdict([*answers, finding.answer])
    moment = now()
    is_last = verdict is not CheckVerdict.RUNNING
    next_at = None if is_last else moment + rule.interval
    written = await transaction.session.execute(
        _WRITE,
        {
            "run": run.id,
            "known": run.version,
            "verdict": verdict,
            "message": finding.message[:_LONGEST],
            "next_at": next_at,
            "ended_at": moment if is_last else None,
        },
    )
    if written.first() is None:
        await discard_again(transaction, run.id, jobs)
        return None
    number = len(answers) + 1
    transaction.session.add(
        CheckMeasurement(
            run_id=run.id,
            number=number,
            answer=finding.answer,
            message=finding.message[:_LONGEST],
            clusters=_shown(measured.clusters),
            started_at=measured.started_at,
            finished_at=moment,
        )
    )
    if jobs is not None:
        done = DiscardCheckJobs(run_id=run.id, number=None if is_last else number, jobs=jobs)
        transaction.enqueue(done, organization_id=row.organization_id)
    _record(transaction, row, run.name, wave, number, finding, verdict)
    metrics.note_measurement(rule.kind, finding.answer)
    if is_last:
        await wake_rollouts(transaction, [row.id])
    else:
        _request(transaction, row, MeasureCheck(run_id=run.id, version=run.version + 1, jobs=jobs), next_at)
    return verdict


def _record(
    transaction: Transaction, row: Rollout, name: str, wave: str, number: int, finding: Finding, verdict: CheckVerdict
) -> None:
    is_last = verdict is not CheckVerdict.RUNNING
    words = f"is {verdict}" if is_last else f"was measured: {finding.answer}"
    transaction.record(
        RolloutEvent.CHECK_ENDED if is_last else RolloutEvent.CHECK_MEASURED,
        f"The check {name} of the wave {wave} {words}. {finding.message[:_LONGEST]}",
        organization_id=row.organization_id,
        subject=row,
        check=name,
        wave=wave,
        number=number,
        answer=finding.answer,
        verdict=verdict,
    )


def _shown(clusters: Mapping[str, Finding]) -> list[dict[str, Any]]:
    return [
        {"cluster": name, "answer": finding.answer, "message": finding.message[:_LONGEST]}
        for name, finding in list(worst_first(clusters))[:MOST_CLUSTERS]
    ]
