"""Writes a revision of a release whose record has the API versions that replace removed ones. The objects on the
cluster stay as they are, and Helm does not run.

The new revision is created first, and its predecessor is marked as superseded afterwards: a client that reads the
release in between finds one of the two. Another Helm client cannot create the same revision. If it has changed the
predecessor in the meantime, as an uninstall does, the new revision is removed again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.clusters.answers import read_secret
from app.clusters.member import Answer, Member, expect_success
from app.clusters.refusals import Refusal
from app.clusters.release_records import list_revisions
from app.clusters.service_accounts import forbidden
from app.compatibility.incompatible import minor_of
from app.compatibility.migration import ApiChange, ManifestMigration
from app.core.errors import PermanentError, TemporaryError
from app.core.names import counted
from app.core.threads import in_thread
from app.helm.fence import Fence
from app.operations.work import Work
from app.releases.error_codes import ActionCode
from app.releases.record import UnreadableRecordError, marked_superseded, next_revision
from app.releases.release import Observed
from app.releases.storage import secret_name, secret_path, secrets_path
from app.tables.columns import now
from app.targets.codes import TargetEvent
from app.targets.leases import LeaseFence, fenced
from reconcilers.actions.action import Task
from reconcilers.actions.run_options import member_of

_OPERATION = "polyhelm/operation"
"""The annotation of a Secret that names the operation by which its revision was written."""
_MOST_LISTED = 20  # objects in an event
_MERGE = "application/merge-patch+json"

Secret = Mapping[str, Any]


@dataclass(frozen=True)
class MigrateRecord:
    async def perform(self, task: Task) -> str:
        """Writes the new revision, unless an earlier attempt of the operation has done so; returns what has changed, as
        lines of text.

        Raises:
            TemporaryError: if the member cannot be asked now. RELEASE_CHANGED: another client has changed the release.
            PermanentError: if the release is not the one that was planned, or the member refuses.
            LeaseLostError: if another worker has taken over the target.
        """
        run = _Run(task)
        record = await run.record()
        if (record["metadata"].get("annotations") or {}).get(_OPERATION) == str(task.work.operation.id):
            await run.supersede_others()
            return "The record was written before the worker was interrupted."
        if task.seen.secret_version != task.work.planned_version:
            raise TemporaryError(ActionCode.RELEASE_CHANGED, "The release was changed after its plan was made.")
        return await run.migrate(record)


class _Run:
    def __init__(self, task: Task) -> None:
        assert task.seen.release is not None
        self._services = task.services
        self._work: Work = task.work
        self._release: Observed = task.seen.release
        self._version = task.seen.secret_version
        self._member = member_of(task.services, task.work)
        self._fence = LeaseFence(task.services, task.work.lease)

    async def record(self) -> Secret:
        """The newest record, in the version that was seen."""
        found = await self._read(self._release.revision)
        if found is None or found["metadata"].get("resourceVersion") != self._version:
            raise _changed()
        return found

    async def migrate(self, record: Secret) -> str:
        wanted = minor_of(self._work.operation.kubernetes_version or "")
        rewriting = ManifestMigration(wanted, minor_of(self._work.cluster.kubernetes_version))
        description = f"API versions updated for Kubernetes {wanted} by Polyhelm"
        try:
            revision = await in_thread(next_revision, record, rewriting.rewritten, description, now())
            patch = await in_thread(marked_superseded, record)
        except UnreadableRecordError as error:
            message = f"The release's record cannot be read: {error}"
            raise PermanentError(ActionCode.RECORD_UNREADABLE, message) from error
        if not rewriting.changes:
            return ""
        revision["metadata"]["annotations"] = {_OPERATION: str(self._work.operation.id)}
        created = await create_record(self._member, self._fence, self._release.namespace, revision)
        if not await self._supersede(self._release.revision, patch):
            await self._remove(created)
            raise _changed()
        await self._record(rewriting.changes)
        return "\n".join(map(_line, rewriting.changes))

    async def supersede_others(self) -> None:
        """Marks older revisions that are still recorded as deployed: the attempt that wrote the newest one was
        interrupted before."""
        names = self._work.deployment.namespace, self._work.deployment.release_name
        for head in (await list_revisions(self._member, namespace=names[0], name=names[1])).heads:
            if head.status == "deployed" and head.revision < self._release.revision:
                record = await self._read(head.revision)
                if record is not None:
                    await self._supersede(head.revision, await in_thread(marked_superseded, record))

    async def _read(self, revision: int) -> Secret | None:
        name = secret_name(self._release.name, revision)
        answer = await self._member.request("GET", secret_path(self._release.namespace, name))
        if answer.status == 404:
            return None
        return read_secret(expect_success(answer, "Reading a release record failed").body, name)

    async def _supersede(self, revision: int, patch: Mapping[str, Any]) -> bool:
        """Returns whether the revision is superseded, by this patch or otherwise."""
        name = secret_name(self._release.name, revision)
        path = secret_path(self._release.namespace, name)
        answer = await self._member.request("PATCH", path, body=patch, content_type=_MERGE)
        if answer.status not in (404, 409):
            _expect(self._member, answer)
            read_secret(answer.body, name)
            return True
        record = await self._read(revision)
        return record is not None and (record["metadata"].get("labels") or {}).get("status") == "superseded"

    async def _remove(self, created: Secret) -> None:
        """Removes the new revision, unless another client has changed it."""
        metadata = created["metadata"]
        preconditions = {"uid": metadata.get("uid"), "resourceVersion": metadata.get("resourceVersion")}
        path = secret_path(self._release.namespace, metadata["name"])
        answer = await self._member.request("DELETE", path, body={"preconditions": preconditions})
        if answer.status not in (404, 409):
            _expect(self._member, answer)

    async def _record(self, changes: list[ApiChange]) -> None:
        more = f" {counted(len(changes) - 1, 'other object')} changed." if len(changes) > 1 else ""
        async with self._services.transaction() as transaction:
            await fenced(transaction, self._work.lease)
            self._work.record(
                transaction,
                TargetEvent.MIGRATED,
                f"{self._work.subject}: revision {self._release.revision + 1} has {_line(changes[0])}.{more}",
                revision=self._release.revision + 1,
                kubernetes_version=self._work.operation.kubernetes_version,
                objects=[_described(change) for change in changes[:_MOST_LISTED]],
            )


async def create_record(member: Member, fence: Fence, namespace: str, revision: Mapping[str, Any]) -> Secret:
    """Creates the Secret of a new revision; returns it as the member has it.

    Raises:
        TemporaryError: if the member cannot be reached. RELEASE_CHANGED: the revision exists.
        PermanentError: if the member refuses.
        LeaseLostError: if another worker has taken over the target.
    """
    fence.check()
    await fence.confirm()
    answer = await member.request("POST", secrets_path(namespace), body=revision)
    if answer.status == 409:
        raise _changed()
    _expect(member, answer)
    return read_secret(answer.body, revision["metadata"]["name"])


def _expect(member: Member, answer: Answer) -> None:
    """Raises PermanentError for a refusal."""
    if answer.status >= 300:
        words = Refusal.of(answer.status, answer.body).words
        raise forbidden(member.account, words) or PermanentError(
            ActionCode.CLUSTER_REFUSED, f"It refuses a change of the release's records: {words}", words
        )


def _changed() -> TemporaryError:
    return TemporaryError(ActionCode.RELEASE_CHANGED, "Another client changed the release at the same time.")


def _described(change: ApiChange) -> dict[str, str | None]:
    return {"kind": change.kind, "name": change.name, "before": change.before, "after": change.after}


def _line(change: ApiChange) -> str:
    what = f"{change.kind} {change.name}"
    return f"{what} with {change.after} in place of {change.before}" if change.after else f"no {what} ({change.before})"
