"""Measures checks that run a Job on the cluster of each target, and deletes these Jobs.

A Job is found again by its name, so a worker that dies leaves no second one. Each connection proves that it leads to
the cluster before a request is sent on it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from sqlmodel import col, select

from app.checks.services import CheckServices
from app.checks.subject import Subject
from app.clusters.applying import create, delete
from app.clusters.objects import ObjectType, get_object, list_objects
from app.core.errors import UserError
from app.jobs.rollouts import DiscardCheckJobs
from app.resources.place import Place, places_of, reading_from
from app.rollouts.check_jobs import MEASUREMENT, RUN, finding_of, job_of, key_of
from app.rollouts.checks import Finding
from app.rollouts.states import Answer
from app.tables.rollouts import CheckRun, RolloutTarget

JOBS = ObjectType("batch", "v1", "Job", "jobs", namespaced=True)
_AT_ONCE = 8
_MOST = 100
Result = TypeVar("Result")


async def jobs_of_targets(services: CheckServices, subject: Subject) -> dict[str, Finding | None]:
    """The results of the Jobs, which are created first; None for those that have not ended."""
    reachable = [target.id for target in subject.targets if target.is_reachable]
    unreachable: Finding | None = Finding(Answer.INCONCLUSIVE, "The cluster is unreachable.")
    found = {target.cluster: unreachable for target in subject.targets}

    async def measure(place: Place) -> Finding | None:
        try:
            return await _job(services, place, subject)
        except UserError as error:
            return Finding(Answer.ERROR, str(error))

    return found | await _on_each((await places_of(services, reachable)).values(), measure)


async def _job(services: CheckServices, place: Place, subject: Subject) -> Finding | None:
    namespace = place.deployment.namespace
    key = key_of(subject.run.id, subject.run.started_at)
    wanted = job_of(key, subject.number, namespace, subject.rule.spec)
    name = wanted["metadata"]["name"]
    async with reading_from(services, place) as member:
        job = await get_object(member, JOBS, namespace, name, whole=True)
        if job is not None:
            return finding_of(job)
        created = await create(member, JOBS, namespace, name, wanted)
    if created.found is None and not created.is_conflict:
        return Finding(Answer.ERROR, f"The cluster refuses the Job: {created.words}")
    return None


async def discard_check_jobs(services: CheckServices, given: DiscardCheckJobs) -> None:
    """Deletes the Jobs of a measurement or, without one, of a run."""
    async with services.database.reading() as session:
        run = await session.get(CheckRun, given.run_id)
        if run is None:
            return
        statement = select(RolloutTarget.target_id).where(
            col(RolloutTarget.rollout_id) == run.rollout_id, col(RolloutTarget.wave) == run.wave
        )
        ids = [target_id for target_id in (await session.exec(statement)).all() if target_id is not None]
    selector = f"{RUN}={key_of(run.id, run.started_at)}"
    if given.number is not None:
        selector += f",{MEASUREMENT}={given.number}"

    async def discard(place: Place) -> None:
        namespace = place.deployment.namespace
        async with reading_from(services, place) as member:
            async for page in list_objects(member, JOBS, selector, whole=False, namespace=namespace, most=_MOST):
                for job in page.items:
                    await delete(member, JOBS, namespace, job["metadata"]["name"])

    await _on_each((await places_of(services, ids)).values(), discard)


async def _on_each(places: Iterable[Place], act: Callable[[Place], Awaitable[Result]]) -> dict[str, Result]:
    """What is done for each place, by the name of the cluster."""
    slots = asyncio.Semaphore(_AT_ONCE)

    async def one(place: Place) -> Result:
        async with slots:
            return await act(place)

    async with asyncio.TaskGroup() as group:
        tasks = {place.facts.cluster_name: group.create_task(one(place)) for place in places}
    return {name: task.result() for name, task in tasks.items()}
