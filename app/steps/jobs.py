"""`run-job`: runs a Job on a cluster. The logs of its pods are the log of the step.

The name of the Job follows from the attempt, so a worker that dies leaves no second one. A job of Polyhelm, which is
written before the Job is created, deletes it once the attempt has ended, in whatever way that happens.
"""

import asyncio
import hashlib
from collections.abc import Mapping
from contextlib import aclosing, suppress
from datetime import timedelta
from typing import Any

from app.automation.attempts import is_open
from app.clusters.applying import OWN_MANAGER, create, delete
from app.clusters.member import Purpose
from app.clusters.objects import get_object
from app.core.database import LOST
from app.groups.queries import account_of
from app.identity.permissions import Permission
from app.jobs.workflows import DiscardStepJob
from app.releases.values import merge
from app.resources.tree import JOB
from app.rollouts.check_jobs import Look, look_of
from app.rollouts.states import Answer
from app.steps.context import StepContext, StepFailed
from app.steps.following import states
from app.steps.job_logs import JobLogs
from app.steps.objects import written
from app.steps.places import Place, Reference, Verb, announce, asking, place_of, record_write, reference
from app.steps.services import StepServices
from app.tables.clusters import Cluster
from app.tables.runs import WorkflowRun

STEP = "polyhelm/step"
"""The label of a Job and of its pods: the name of the Job."""
_KEPT_SECONDS = 24 * 3600
"""After which Kubernetes deletes a Job that has ended, if Polyhelm cannot."""
_FIRST_LOOK, _LATER_LOOKS = timedelta(seconds=5), timedelta(minutes=1)
_SOON = timedelta(seconds=1)
_LOG_SECONDS = 30.0
"""How long the last lines may take after the end of the Job."""


async def run_job(context: StepContext, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    place = await place_of(context, inputs["cluster"])
    context.starter.require(context.organization_id, Permission.LOGS_READ, group_id=place.cluster.group_id)
    name = await _name(context)
    what = await reference(place, JOB.api_version, JOB.kind, inputs["namespace"], name)
    wanted = _job(what, inputs)
    discard = DiscardStepJob(
        run_id=context.run_id,
        path=context.path,
        version=context.version,
        cluster_id=place.cluster.id,
        namespace=what.namespace,
        name=name,
    )
    try:
        await _create(place, what, wanted, discard)
        await context.log(f"{what} runs on {place.name}.")
        look = await _followed(place, what)
    finally:
        # The outcome of the attempt is stored in a moment: a Job that is deleted before would be run again. A worker
        # that stops leaves the attempt, and with it the Job, to another one.
        with suppress(*LOST):
            async with context.services.transaction() as transaction:
                transaction.enqueue(discard, organization_id=context.organization_id, after=_SOON)
    if look.finding.answer is not Answer.PASSED:
        raise StepFailed("job_failed", f"{what} on {place.name}: {look.finding.message}")
    return {"name": name}


async def discard_step_job(services: StepServices, given: DiscardStepJob) -> None:
    """Deletes the Job of an attempt, if that has ended; else looks again later.

    Raises:
        ActionError: the cluster cannot be asked now.
    """
    async with services.transaction() as transaction:
        session = transaction.session
        run = await session.get(WorkflowRun, given.run_id)
        if run is not None and await is_open(session, (given.run_id, given.path, given.version)):
            later = min(_FIRST_LOOK * 2 ** min(given.look, 10), _LATER_LOOKS)
            again = given.model_copy(update={"look": given.look + 1})
            transaction.enqueue(again, organization_id=run.organization_id, after=later)
            return
        cluster = await session.get(Cluster, given.cluster_id)
        if cluster is None:
            return
        session.expunge_all()
        account = await account_of(session, cluster.group_id) if cluster.group_id is not None else None
    member = services.members.of(cluster).used_for(Purpose.WORKFLOWS).acting_as(account)
    found = await get_object(member, JOB, given.namespace, given.name, whole=False)
    if found is None:
        return
    if run is not None:
        async with services.transaction() as transaction:
            what = Reference(JOB, given.namespace, given.name)
            record_write(transaction, run, given.path, Verb.DELETE, what, cluster)
    await delete(member, JOB, given.namespace, given.name)


async def _name(context: StepContext) -> str:
    """Other installations may use the cluster, too, and count their runs in the same way."""
    async with context.services.database.reading() as session:
        run = await session.get(WorkflowRun, context.run_id)
    assert run is not None
    known = f"{context.key} {run.created_at.isoformat()}"
    return f"polyhelm-step-{hashlib.sha256(known.encode()).hexdigest()[:20]}"


def _job(what: Reference, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The Job: a container with the image, merged with what `spec` says."""
    labels = {"app.kubernetes.io/managed-by": "polyhelm"}
    given = inputs.get("spec", {})
    pod: dict[str, Any] = {"restartPolicy": "Never", "automountServiceAccountToken": "serviceAccount" in inputs}
    if "serviceAccount" in inputs:
        pod["serviceAccountName"] = inputs["serviceAccount"]
    if "image" in inputs:
        pod["containers"] = [
            {"name": "job", **{name: inputs[name] for name in ("image", "command", "args", "env") if name in inputs}}
        ]
    made = {
        "backoffLimit": 0,
        "ttlSecondsAfterFinished": _KEPT_SECONDS,
        "template": {"metadata": {"labels": labels}, "spec": pod},
    }
    own = {"template": {"metadata": {"labels": {STEP: what.name}}}}
    return {
        "apiVersion": JOB.api_version,
        "kind": JOB.kind,
        "metadata": {"name": what.name, "namespace": what.namespace, "labels": labels | {STEP: what.name}},
        "spec": merge(made, given, own),
    }


async def _create(place: Place, what: Reference, wanted: Mapping[str, Any], discard: DiscardStepJob) -> None:
    async with asking(place) as member:
        if await get_object(member, JOB, what.namespace, what.name, whole=False) is not None:
            return
    await announce(place, Verb.CREATE, what, discard)
    async with asking(place) as member:
        created = await create(member, JOB, what.namespace, what.name, wanted, manager=OWN_MANAGER)
    if not created.is_conflict:  # a worker that was taken for dead may have created it
        await written(place, what, created)


async def _followed(place: Place, what: Reference) -> Look:
    """Reads the logs until the Job has ended."""
    logs = JobLogs(place, what, f"{STEP}={what.name}")
    reading = asyncio.create_task(logs.keep_reading())
    try:
        look = await _ended(place, what)
        with suppress(TimeoutError):
            async with asyncio.timeout(_LOG_SECONDS):
                await logs.read()
        return look
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        await logs.close()


async def _ended(place: Place, what: Reference) -> Look:
    async with aclosing(states(place, what)) as stream:
        async for state in stream:
            if state is None:
                raise StepFailed("job_lost", f"{what} on {place.name} was deleted before its end.")
            if (look := look_of(state)).has_ended:
                return look
    raise AssertionError("states have no end")
