"""Runs of checks: a step of a rollout starts and cancels them, and their measurements are written here.

A run survives any restart: what is due next is a job, and a measurement is written only if the run is still the one
with which it began. So a measurement that two workers make at once counts once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.transaction import Transaction
from app.delivery import metrics
from app.delivery.codes import RolloutEvent
from app.delivery.stored import Loaded
from app.jobs.rollouts import DiscardCheckJobs, MeasureCheck, wake_rollouts
from app.rollouts.checks import CheckKind, CheckRule, Finding, worst_first
from app.rollouts.progress import Step, lapsed
from app.rollouts.states import ENDED, Answer, Verdict
from app.tables.columns import now
from app.tables.rollouts import CheckMeasurement, CheckRun, Rollout, RolloutWave

MOST_CLUSTERS = 20
"""The clusters whose results are stored with a measurement."""
_LONGEST = 1000

_WRITE = (
    update(CheckRun)
    .where(
        col(CheckRun.id) == bindparam("run"),
        col(CheckRun.version) == bindparam("known"),
        col(CheckRun.ended_at).is_(None),
    )
    .values(
        version=CheckRun.version + 1,
        verdict=bindparam("verdict"),
        message=bindparam("message"),
        next_at=bindparam("next_at"),
        measuring_since=None,
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


async def follow_checks(transaction: Transaction, loaded: Loaded, step: Step) -> None:
    """Starts the checks that the rollout waits for, and cancels those whose results no longer count."""
    cancelled = lapsed(step.rollout, {key: run.verdict for key, run in loaded.checks.items()})
    if cancelled:
        await _cancel(transaction, loaded.row, [loaded.checks[key] for key in cancelled], step.rollout.phase in ENDED)
    for key in step.checks:
        run = loaded.checks.get(key) if key not in cancelled else None
        if run is None:
            run = await start_run(transaction, loaded.row, loaded.waves[key[0]], key[1])
        if run.verdict is Verdict.RUNNING:  # also after the rollout was paused, when a measurement was left out
            _request(transaction, loaded.row, run.id, run.version, run.next_at)


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


def _request(transaction: Transaction, row: Rollout, run_id: int, version: int, at: datetime | None) -> None:
    after = max(at - now(), timedelta()) if at is not None else timedelta()
    job = MeasureCheck(run_id=run_id, version=version)
    transaction.enqueue(job, organization_id=row.organization_id, after=after, unless_open=True)


async def _cancel(transaction: Transaction, row: Rollout, runs: Sequence[CheckRun], has_ended: bool) -> None:
    """Cancels runs. Those that end by themselves just now keep their verdict if the rollout has ended; if the wave has
    to settle again, it no longer counts."""
    for run in runs:
        if run.rule["kind"] == CheckKind.JOB:
            transaction.enqueue(DiscardCheckJobs(run_id=run.id), organization_id=row.organization_id)
    statement = update(CheckRun).where(col(CheckRun.id).in_([run.id for run in runs]))
    if has_ended:
        statement = statement.where(col(CheckRun.ended_at).is_(None))
    await transaction.session.execute(
        statement.values(verdict=Verdict.CANCELLED, next_at=None, ended_at=now()).execution_options(
            synchronize_session=False
        )
    )


async def postpone(transaction: Transaction, run: CheckRun, row: Rollout, since: datetime, pause: timedelta) -> None:
    """Continues a measurement after a pause: the Jobs that it has started have not ended."""
    next_at = now() + pause
    statement = update(CheckRun).where(
        col(CheckRun.id) == run.id, col(CheckRun.version) == run.version, col(CheckRun.ended_at).is_(None)
    )
    changes = {"version": run.version + 1, "next_at": next_at, "measuring_since": since}
    written = await transaction.session.execute(
        statement.values(**changes).returning(col(CheckRun.id)).execution_options(synchronize_session=False)
    )
    if written.first() is not None:
        _request(transaction, row, run.id, run.version + 1, next_at)


async def answers_of(session: AsyncSession, run_id: int) -> list[Answer]:
    """The answers of the measurements of a run, the oldest first."""
    return [Answer(answer) for (answer,) in await session.execute(_ANSWERS, {"run": run_id})]


async def write_measurement(
    transaction: Transaction, run: CheckRun, row: Rollout, wave: str, measured: Measured
) -> Verdict | None:
    """Writes a measurement, unless the run has changed since it began. Returns the verdict, or None then."""
    rule = CheckRule.of_json(run.rule)
    finding = measured.finding
    answers = await answers_of(transaction.session, run.id)
    verdict = rule.verdict([*answers, finding.answer])
    moment = now()
    is_last = verdict is not Verdict.RUNNING
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
    if rule.kind is CheckKind.JOB:
        transaction.enqueue(DiscardCheckJobs(run_id=run.id, number=number), organization_id=row.organization_id)
    _record(transaction, row, run.name, wave, number, finding, verdict)
    metrics.note_measurement(rule.kind, finding.answer)
    if is_last:
        await wake_rollouts(transaction, [row.id])
    else:
        _request(transaction, row, run.id, run.version + 1, next_at)
    return verdict


def _record(
    transaction: Transaction, row: Rollout, name: str, wave: str, number: int, finding: Finding, verdict: Verdict
) -> None:
    is_last = verdict is not Verdict.RUNNING
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
