"""Measures a check of a rollout when it is due. The wait for the next measurement holds nothing: it is a job that is
not due yet."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from app.checks.jobs import last_looks, look_at_jobs
from app.checks.requests import http_request, prometheus_query
from app.checks.services import CheckServices
from app.checks.subject import Subject, due_subject
from app.checks.targets import health_of_targets, objects_of_targets
from app.delivery.checking import Measured, discard_again, postpone, write_measurement
from app.jobs.rollouts import MeasureCheck
from app.rollouts.check_jobs import latest, pause
from app.rollouts.checks import CheckKind, Finding, summed_up
from app.rollouts.states import Answer
from app.tables.columns import now

_SECONDS = 240
"""The time that a measurement on all clusters of a wave may take."""

_ON_CLUSTERS: Mapping[CheckKind, Callable[[CheckServices, Subject], Awaitable[dict[str, Finding]]]] = {
    CheckKind.HEALTH: health_of_targets,
    CheckKind.OBJECT: objects_of_targets,
}


_REQUESTS: Mapping[CheckKind, Callable[[CheckServices, Subject], Awaitable[Finding]]] = {
    CheckKind.HTTP: http_request,
    CheckKind.PROMETHEUS: prometheus_query,
}


async def measure_check(services: CheckServices, job: MeasureCheck) -> None:
    """Makes a measurement, and writes it if it is still wanted then."""
    async with services.database.reading() as session:
        subject = await due_subject(session, job.run_id, job.version)
    if subject is None:
        async with services.transaction() as transaction:
            await discard_again(transaction, job.run_id, job.jobs)
        return
    started_at = subject.run.measuring_since or now()
    if subject.rule.kind is CheckKind.JOB:
        await _follow_jobs(services, subject, started_at)
        return
    try:
        async with asyncio.timeout(_SECONDS):
            clusters, finding = await _measured(services, subject)
    except TimeoutError:
        clusters, finding = {}, Finding(Answer.ERROR, f"The measurement took longer than {_SECONDS} s.")
    await _write(services, subject, Measured(finding, started_at, clusters))


async def _follow_jobs(services: CheckServices, subject: Subject, started_at: datetime) -> None:
    """Looks at the Jobs, and again after a pause until all have ended. A cluster that cannot be asked now does not end
    the measurement before its time is over."""
    try:
        async with asyncio.timeout(_SECONDS):
            looks = await look_at_jobs(services, subject, started_at)
    except TimeoutError:
        looks = last_looks(subject)
    if now() < latest(started_at, subject.rule.spec) and not all(look.has_ended for look in looks.values()):
        async with services.transaction() as transaction:
            after = pause(now() - started_at)
            await postpone(transaction, subject.run, subject.row, subject.jobs, started_at, looks, after)
        return
    clusters = {name: look.finding for name, look in looks.items()}
    await _write(services, subject, Measured(_summed_up(subject, clusters), started_at, clusters))


async def _write(services: CheckServices, subject: Subject, measured: Measured) -> None:
    async with services.transaction() as transaction:
        await write_measurement(transaction, subject.run, subject.row, subject.jobs, subject.wave, measured)


async def _measured(services: CheckServices, subject: Subject) -> tuple[Mapping[str, Finding], Finding]:
    """The results on single clusters, and the one that sums them up."""
    kind = subject.rule.kind
    if kind in _REQUESTS:
        return {}, await _REQUESTS[kind](services, subject)
    clusters = await _ON_CLUSTERS[kind](services, subject)
    return clusters, _summed_up(subject, clusters)


def _summed_up(subject: Subject, clusters: Mapping[str, Finding]) -> Finding:
    if clusters:
        return summed_up(clusters)
    if subject.has_others:
        return Finding(Answer.INCONCLUSIVE, "No target of the wave is ready.")
    return Finding(Answer.PASSED, "The wave has no target to examine.")
