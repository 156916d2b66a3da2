"""Marks a revision that a Helm run of Polyhelm has left unfinished as failed.

The record of such a revision says that Helm is running, although it is not. Helm refuses to upgrade the release, and a
rollback would make another revision and run hooks, if there is a revision to roll back to at all. So the record is
corrected: the run has failed.
"""

from dataclasses import dataclass

from app.clusters.answers import read_secret
from app.clusters.member import Member
from app.clusters.refusals import Refusal
from app.clusters.service_accounts import forbidden
from app.core.errors import PermanentError
from app.core.threads import in_thread
from app.helm.fence import Fence
from app.releases.error_codes import ActionCode
from app.releases.record import UnreadableRecordError, marked_failed
from app.releases.storage import secret_name, secret_path
from app.targets.leases import LeaseFence
from app.targets.sightings import Sighting
from reconcilers.actions.action import Task
from reconcilers.actions.run_options import member_of

_CHANGED_MEANWHILE = (404, 409)


@dataclass(frozen=True)
class MarkFailed:
    async def perform(self, task: Task) -> None:
        fence = LeaseFence(task.services, task.work.lease)
        await mark_failed(member_of(task.services, task.work), fence, task.seen)


async def mark_failed(member: Member, fence: Fence, seen: Sighting) -> None:
    """Marks the revision that was seen as failed. Does nothing if its record has changed since: the caller looks again.

    Raises:
        TemporaryError: if the member cannot be reached.
        PermanentError: if the member refuses, or the record cannot be read.
        LeaseLostError: if another worker has taken over the target.
    """
    observed = seen.release
    assert observed is not None
    secret = secret_name(observed.name, observed.revision)
    path = secret_path(observed.namespace, secret)
    answer = await member.request("GET", path)
    if answer.status in _CHANGED_MEANWHILE:
        return
    record = read_secret(answer.body, secret)
    if record["metadata"].get("resourceVersion") != seen.secret_version:
        return
    try:
        patch = await in_thread(marked_failed, record)
    except UnreadableRecordError as error:
        raise PermanentError(ActionCode.RECORD_UNREADABLE, f"The release's record cannot be read: {error}") from error
    fence.check()
    await fence.confirm()
    answer = await member.request("PATCH", path, body=patch, content_type="application/merge-patch+json")
    if answer.status < 300:
        read_secret(answer.body, secret)
    elif answer.status not in _CHANGED_MEANWHILE:
        words = Refusal.of(answer.status, answer.body).words
        raise forbidden(member.account, words) or PermanentError(
            ActionCode.CLUSTER_REFUSED, f"It refuses a change of the release's record: {words}", words
        )
