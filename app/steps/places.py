"""A cluster on which a step acts: the permissions and the restrictions of that, and the record of each write.

Requests are sent as the service account of the cluster's group, if it has one, as for its deployments. Each connection
proves that it leads to the cluster before a request is sent on it.
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from sqlmodel import col, select

from app.automation.attempts import is_open
from app.automation.codes import WorkflowEvent
from app.automation.events import named
from app.clusters.codes import ClusterCode
from app.clusters.discovery import discover_version, served_versions
from app.clusters.member import Member, Purpose
from app.clusters.objects import Object, ObjectType
from app.core.errors import ActionError, NotFound
from app.core.jobs import Job
from app.core.names import some_of
from app.core.threads import in_thread
from app.core.transaction import Transaction
from app.groups.queries import service_account_of
from app.identity.credentials import viewer_by_id
from app.identity.permissions import Permission
from app.releases.manifest import covered
from app.releases.scrubbing import Scrubber
from app.rollouts import windows as pure
from app.steps.context import StepContext, StepFailed
from app.steps.secrets import values_on
from app.tables.clusters import Cluster
from app.tables.columns import now
from app.tables.groups import ClusterGroup
from app.tables.runs import WorkflowRun
from app.windows.applying import computed, windows_of_clusters


class Verb(StrEnum):
    """What a step does to an object, as its event says it."""

    APPLY = "applies"
    PATCH = "patches"
    DELETE = "deletes"
    CREATE = "creates"


@dataclass(frozen=True)
class Place:
    """`cluster` and `group` are their rows, `values` the values of secrets that objects of the cluster may contain.
    `scrubber` knows these values."""

    context: StepContext
    cluster: Cluster
    group: ClusterGroup | None
    member: Member
    values: tuple[str, ...]
    scrubber: Scrubber

    @property
    def name(self) -> str:
        return self.cluster.name

    async def hiding(self, values: Iterable[str]) -> "Place":
        """The same place, whose answers are shown without these values, too."""
        found = (*self.values, *values)
        return replace(self, values=found, scrubber=await in_thread(Scrubber, found))

    async def failure(self, code: str, words: str) -> StepFailed:
        """The failure of the step, without values of secrets."""
        return StepFailed(code, await in_thread(self.scrubber.clean, words))


@dataclass(frozen=True, slots=True)
class Reference:
    """An object on a cluster. `namespace` is empty if objects of the type belong to none."""

    type: ObjectType
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.type.kind} {f'{self.namespace}/' if self.namespace else ''}{self.name}"


async def place_of(context: StepContext, cluster: str) -> Place:
    """The cluster of this name. What steps do there, even reading, is what a chart can do that a user deploys: it needs
    the permission for that.

    Raises:
        UserError: there is no such cluster, or the starter of the run lacks the permission.
        StepFailed: a secret whose value must not be shown cannot be decrypted.
    """
    statement = select(Cluster).where(
        col(Cluster.organization_id) == context.organization_id, col(Cluster.name) == cluster
    )
    async with context.services.database.reading() as session:
        row = (await session.exec(statement)).first()
        if row is None:
            raise NotFound(ClusterCode.CLUSTER_NOT_FOUND, f"There is no cluster {cluster!r}.", ("cluster",))
        group = await session.get(ClusterGroup, row.group_id) if row.group_id is not None else None
    context.starter.require(context.organization_id, Permission.DEPLOYMENTS_WRITE, group_id=row.group_id)
    values = tuple(await values_on(context, row))
    member = context.services.members.of(row).used_for(Purpose.WORKFLOWS)
    account = service_account_of(group) if group is not None else None
    return Place(context, row, group, member.acting_as(account), values, await in_thread(Scrubber, values))


async def renewed(place: Place) -> Place:
    """The same place, with the permissions that the starter has now, for a step that works for long.

    Raises:
        UserError, StepFailed: as `place_of`, or the starter is no longer a member of the organization.
    """
    context = place.context
    async with context.services.database.reading() as session:
        run = await session.get(WorkflowRun, context.run_id)
    starter = None
    if run is not None and run.starter_id is not None:
        starter = await viewer_by_id(context.services.database, run.starter_id, run.organization_id, run.ceiling)
    if starter is None:
        raise StepFailed("starter_gone", f"{context.starter.name} is no longer a member of the organization.")
    context.starter = starter
    return await place_of(context, place.name)


@asynccontextmanager
async def asking(place: Place) -> AsyncIterator[Member]:
    """Gives the member for requests, and names the cluster in their errors.

    Raises:
        StepFailed: with the code of the error.
    """
    try:
        yield place.member
    except ActionError as error:
        raise await place.failure(error.code, f"{place.name}: {error.message}") from None


async def reference(place: Place, api_version: str, kind: str, namespace: str | None, name: str) -> Reference:
    """The object with its type, as the member serves it.

    Raises:
        StepFailed: the member serves no such kind, or the namespace does not fit.
    """
    type_ = await _type_of(place, api_version, kind)
    if type_.namespaced and not namespace:
        raise StepFailed("invalid_inputs", f"Objects of the kind {kind} belong to a namespace: name it.")
    if namespace and not type_.namespaced:
        raise StepFailed("invalid_inputs", f"Objects of the kind {kind} belong to no namespace.")
    if place.group is not None and not place.group.allows(namespace or ""):
        message = (
            f"Deployments of the group {place.group.name} may use these namespaces only, and so may steps on its"
            f" clusters: {some_of(place.group.allowed_namespaces)}."
        )
        raise StepFailed("namespace_not_allowed", message)
    return Reference(type_, namespace or "", name)


async def _type_of(place: Place, api_version: str, kind: str) -> ObjectType:
    async with asking(place) as member:
        served = await discover_version(member, api_version)
        if kind in served:
            group, _, version = api_version.rpartition("/")
            return ObjectType(group, version, kind, served[kind].plural, served[kind].namespaced)
        if served:
            others = f"Of {api_version}, it serves {some_of(sorted(served))}."
        else:
            versions = sorted({"v1", *await served_versions(member)})
            group, _, _ = api_version.rpartition("/")
            same = [each for each in versions if each.rpartition("/")[0] == group]
            others = f"It serves {some_of(same or versions)}."
    raise StepFailed("unknown_kind", f"{place.name} does not serve the kind {kind} of {api_version}. {others}")


async def announce(place: Place, verb: Verb, what: Reference, job: Job | None = None) -> None:
    """Records a write directly before it is sent. In the same transaction, asks for a job, if one is given.

    Raises:
        StepFailed: a change window holds changes on the cluster, or the attempt has ended.
    """
    context = place.context
    async with context.services.transaction() as transaction:
        session = transaction.session
        if not await is_open(session, (context.run_id, context.path, context.version)):
            raise StepFailed("stopped", "The attempt has ended.")
        moment = now()
        opening = (await computed(pure.opening, await windows_of_clusters(session, [place.cluster.id]), moment)).get(
            place.cluster.id, pure.OPEN
        )
        if not opening.is_open:
            until = f" until {opening.until:%Y-%m-%d %H:%M} UTC" if opening.until else ""
            raise StepFailed("window_closed", f"Nothing is changed on {place.name}{until}: {opening.reason}")
        run = await session.get(WorkflowRun, context.run_id)
        assert run is not None
        record_write(transaction, run, context.path, verb, what, place.cluster)
        if job is not None:
            transaction.enqueue(job, organization_id=context.organization_id)


def record_write(
    transaction: Transaction, run: WorkflowRun, path: str, verb: Verb, what: Reference, cluster: Cluster
) -> None:
    """Records a write of a step, without the content of the object."""
    transaction.record(
        WorkflowEvent.OBJECT_WRITE,
        f"The step {path} of the {named(run)} {verb} {what} on {cluster.name}.",
        organization_id=run.organization_id,
        actor=run.starter,
        subject=cluster,
        cluster=cluster.name,
        verb=verb.name.lower(),
        object={
            "apiVersion": what.type.api_version,
            "kind": what.type.kind,
            "namespace": what.namespace,
            "name": what.name,
        },
        workflow=run.workflow,
        workflowId=run.workflow_id,
        step=path,
    )


async def shown(place: Place, what: Reference, live: Object) -> Mapping[str, Any]:
    """An object as outputs and conditions have it: without managed fields, without the data of Secrets, and without the
    values of Polyhelm's secrets."""
    metadata = {name: value for name, value in live["metadata"].items() if name != "managedFields"}
    found: Mapping[str, Any] = await in_thread(covered, {**what.type.named(live), "metadata": metadata}, place.scrubber)
    return found
