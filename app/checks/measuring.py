"""Measures a check of a rollout when it is due. The wait for the next measurement holds nothing: it is a job that is
not due yet."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

from app.checks.jobs import jobs_of_targets
from app.checks.requests import http_request, prometheus_query
from app.checks.services import CheckServices
from app.checks.subject import Subject, due_subject
from app.checks.targets import health_of_targets, objects_of_targets
from app.delivery.checking import Measured, postpone, write_measurement
from app.jobs.rollouts import MeasureCheck
from app.rollouts.checks import CheckKind, Finding, summed_up
from app.rollouts.durations import duration
from app.rollouts.states import Answer
from app.tables.columns import now

_PAUSE = timedelta(seconds=2)
"""Between two looks at Jobs that run."""
_GRACE = timedelta(minutes=2)
_ENDLESS = Finding(Answer.ERROR, "The Job has not ended in time.")
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
        return
    started_at = subject.run.measuring_since or now()
    try:
        async with asyncio.timeout(_SECONDS):
            found = await _measured(services, subject, started_at)
        if found is None:
            async with services.transaction() as transaction:
                await postpone(transaction, subject.run, subject.row, started_at, _PAUSE)
            return
        clusters, finding = found
    except TimeoutError:
        clusters, finding = {}, Finding(Answer.ERROR, f"The measurement took longer than {_SECONDS} s.")
    async with services.transaction() as transaction:
        measured = Measured(finding, started_at, clusters)
        await write_measurement(transaction, subject.run, subject.row, subject.wave, measured)


async def _measured(
    services: CheckServices, subject: Subject, started_at: datetime
) -> tuple[Mapping[str, Finding], Finding] | None:
    """The results on single clusters, and the one that sums them up; None while Jobs run."""
    kind = subject.rule.kind
    if kind is CheckKind.JOB:
        jobs = await jobs_of_targets(services, subject)
        latest = started_at + duration(subject.rule.spec["timeout"]) + _GRACE
        if None in jobs.values() and now() < latest:
            return None
        ended = {name: finding or _ENDLESS for name, finding in jobs.items()}
        return ended, _summed_up(subject, ended)
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
