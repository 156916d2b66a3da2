"""Measures checks that run a Job on the cluster of each target, and deletes these Jobs.

A Job is found again by its name, so a worker that dies leaves no second one. Each connection proves that it leads to
the cluster before a request is sent on it."""

from datetime import datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.checks.services import CheckServices
from app.checks.subject import UNREACHABLE, Subject
from app.clusters.applying import create, delete
from app.clusters.member import Member, Purpose
from app.clusters.objects import ObjectType, get_object, list_objects
from app.core.concurrency import for_each
from app.core.errors import Forbidden, UserError
from app.delivery.leftovers import stored_jobs
from app.groups.queries import account_of
from app.jobs.rollouts import DiscardCheckJobs
from app.resources.place import Place, places_of, reading, reading_from
from app.rollouts.check_jobs import LOST, MEASUREMENT, RUN, RUNNING, Look, job_of, key_of, latest, look_of
from app.rollouts.checks import Finding
from app.rollouts.states import Answer
from app.tables.clusters import Cluster
from app.tables.columns import now

JOBS = ObjectType("batch", "v1", "Job", "jobs", namespaced=True)
_AT_ONCE = 8
_MOST = 100
_NOT_STARTED = Look(Finding(Answer.ERROR, "The Job was not started in time."), is_created=False)


async def look_at_jobs(services: CheckServices, subject: Subject, started_at: datetime) -> dict[str, Look]:
    """What is known of the Jobs of a measurement, by cluster. They are created first, unless it is too late. A cluster
    that cannot be asked now is asked again later; one whose Job has ended is not."""
    looks = last_looks(subject)
    open_ones = [each for each in subject.targets if not looks[each.cluster].has_ended]
    unreachable = {each.cluster for each in open_ones if not each.is_reachable}
    is_late = now() >= latest(started_at, subject.rule.spec)

    async def look(place: Place) -> Look:
        before = looks[place.facts.cluster_name]
        try:
            return await _look(services, place, subject, before, is_late=is_late)
        except Forbidden as error:
            return Look(Finding(Answer.ERROR, str(error)), has_ended=True)
        except UserError as error:
            return Look(Finding(Answer.ERROR, str(error)), is_created=before.is_created)

    places = await places_of(services, [each.id for each in open_ones if each.is_reachable])
    found = await for_each(places.values(), look, at_once=_AT_ONCE)
    seen = {place.facts.cluster_name: each for place, each in zip(places.values(), found, strict=True)}
    silent = {name: Look(UNREACHABLE, is_created=looks[name].is_created) for name in unreachable}
    return looks | silent | seen


def last_looks(subject: Subject) -> dict[str, Look]:
    """What was known after the last look, by cluster."""
    stored = subject.run.looks
    return {
        target.cluster: Look.of_json(stored[target.cluster]) if target.cluster in stored else _NOT_STARTED
        for target in subject.targets
    }


async def _look(services: CheckServices, place: Place, subject: Subject, before: Look, *, is_late: bool) -> Look:
    namespace = place.deployment.namespace
    key = key_of(subject.run.id, subject.run.started_at)
    wanted = job_of(key, subject.number, namespace, subject.rule.spec)
    name = wanted["metadata"]["name"]
    async with reading_from(services, place) as member:
        job = await get_object(member, JOBS, namespace, name, whole=True)
        if job is not None:
            return look_of(job)
        if before.is_created:  # such as by Kubernetes, an hour after its end, while the rollout was paused
            return Look(LOST, has_ended=True)
        if is_late:
            return before
        created = await create(member, JOBS, namespace, name, wanted)
    if created.found is None and not created.is_conflict:
        message = f"The cluster refuses the Job: {created.words}"
        return Look(Finding(Answer.ERROR, message), is_created=False, has_ended=True)
    return Look(RUNNING)


async def discard_check_jobs(services: CheckServices, given: DiscardCheckJobs) -> None:
    """Deletes the Jobs of a measurement or, without one, of a run. The rows of the run may have been deleted.

    Raises:
        UserError: a cluster cannot be asked now; on all others, they are deleted.
    """
    async with services.database.reading() as session:
        jobs = given.jobs or await stored_jobs(session, given.run_id)
        if jobs is None:
            return
        rows = await session.exec(select(Cluster).where(col(Cluster.id).in_(jobs.cluster_ids)))
        members = {row.name: await _member(services, session, row) for row in rows}
    selector = f"{RUN}={jobs.run_key}"
    if given.number is not None:
        selector += f",{MEASUREMENT}={given.number}"

    async def discard(found: tuple[str, Member]) -> UserError | None:
        try:
            async with reading(services, jobs.organization_id, *found) as member:
                async for page in list_objects(
                    member, JOBS, selector, whole=False, namespace=jobs.namespace, most=_MOST
                ):
                    for job in page.items:
                        await delete(member, JOBS, jobs.namespace, job["metadata"]["name"])
        except UserError as error:
            return error
        return None

    errors = await for_each(members.items(), discard, at_once=_AT_ONCE)
    for error in errors:
        if error is not None:
            raise error


async def _member(services: CheckServices, session: AsyncSession, cluster: Cluster) -> Member:
    """The cluster, with the permissions of its group. The session keeps the group, which many clusters share."""
    account = await account_of(session, cluster.group_id) if cluster.group_id is not None else None
    return services.members.of(cluster).used_for(Purpose.RESOURCES).acting_as(account)
