"""Sets objects that differ from the manifest of their release back, and creates missing ones again.

Helm does not run, and the release gets no new revision. The manifest comes from the release's record on the member,
never from what is stored or shown of the differences. Directly before each write, the lease is confirmed and the record
is read again: if another client has changed the release since the comparison, nothing more is written.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from app.clusters.changes import Head
from app.clusters.release_records import list_revisions
from app.core.errors import ActionError, PermanentError
from app.core.names import counted
from app.drift.rules import SavedRule
from app.releases.storage import secret_name
from app.resources.comparing import ManifestObject
from app.resources.correcting import Correction, Outcome, correct
from app.resources.corrections import DueObject, due_objects, note_corrected
from app.resources.wanted import WantedObjects, wanted_by
from app.targets.codes import TargetEvent
from app.targets.leases import LeaseFence, fenced
from app.targets.sightings import read_release
from reconcilers.actions.action import Task
from reconcilers.actions.run_options import member_of
from reconcilers.metrics import CORRECTIONS

_Done = tuple[DueObject, Correction]
_MOST_ROUNDS = 200  # of `due_objects`; more means that objects are changed all the time
_MOST_LISTED = 20  # objects, and paths of one, in an event


class _ReleaseChangedError(Exception):
    """Another client has changed the release since its objects were compared."""


@dataclass(frozen=True)
class CorrectObjects:
    async def perform(self, task: Task) -> str | None:
        """Corrects all objects that are due; returns what was written, as lines of text, or None.

        Raises:
            ActionError: if the member cannot be asked now, or refuses to change an object.
        """
        run = _Run(task)
        try:
            for _ in range(_MOST_ROUNDS):
                if not (due := await run.due()):
                    break
                await run.correct(due)
        except _ReleaseChangedError:
            pass  # the observer compares the objects with the new manifest
        if run.failed:
            raise run.error()
        return "\n".join(run.written) or None


class _Run:
    def __init__(self, task: Task) -> None:
        self._services = task.services
        self._work = task.work
        self._seen = task.seen
        self._member = member_of(task.services, task.work)
        self._fence = LeaseFence(task.services, task.work.lease)
        self._rules = tuple(SavedRule.of(rule) for rule in task.work.deployment.live_drift_ignore)
        self._wanted: WantedObjects | None = None
        self.written: list[str] = []
        self.failed: list[_Done] = []

    async def due(self) -> list[DueObject]:
        async with self._services.database.reading() as session:
            return await due_objects(session, self._work.target.id, self._seen.secret_version)

    async def correct(self, due: Sequence[DueObject]) -> None:
        done: list[_Done] = []
        try:
            wanted = self._wanted = self._wanted or await self._read()
            scrubber = await wanted.scrubber()
            for each in due:
                body = wanted.at(each.key)
                if body is None:  # such as an object of a document that cannot be read
                    done.append((each, Correction(Outcome.EQUAL)))
                    continue
                held = ManifestObject(each.key, each.kind, body, self._rules)
                done.append((each, await correct(self._member, held, scrubber, self._confirm)))
        except (ActionError, _ReleaseChangedError):
            await self._note(done)
            raise
        await self._note(done)

    async def _read(self) -> WantedObjects:
        """The objects of the release, from its newest record."""
        seen, work = self._seen.release, self._work
        assert seen is not None
        secret = secret_name(seen.name, seen.revision)
        head = Head(seen.namespace, seen.name, seen.revision, seen.status, secret, self._seen.secret_version)
        observed = await read_release(self._services.members.of(work.cluster), head)
        if observed is None or not observed.is_readable:
            raise _ReleaseChangedError
        return await wanted_by(observed, work.target.secret_paths)

    async def _confirm(self) -> None:
        """Raises unless this worker still holds the lease, and the release is the one that was compared."""
        deployment = self._work.deployment
        member = self._services.members.of(self._work.cluster)
        listing = await list_revisions(member, namespace=deployment.namespace, name=deployment.release_name)
        newest = listing.newest()
        if not newest or newest[0].resource_version != self._seen.secret_version:
            raise _ReleaseChangedError
        self._fence.check()
        await self._fence.confirm()

    async def _note(self, done: Sequence[_Done]) -> None:
        """Stores what was done, which the next comparison of the observer confirms."""
        if not done:
            return
        wrote = [each for each in done if each[1].outcome.wrote]
        async with self._services.transaction() as transaction:
            await fenced(transaction, self._work.lease)
            outcomes = [
                (due, {"tried": result.outcome is not Outcome.EQUAL, "settled": result.outcome.is_settled})
                for due, result in done
            ]
            await note_corrected(transaction, self._work.target.id, outcomes)
            if wrote:
                self._work.record(
                    transaction,
                    TargetEvent.CORRECTED,
                    f"{self._work.subject}: {_sentence(wrote)}",
                    objects=[_described(each) for each in wrote[:_MOST_LISTED]],
                )
        for _, result in done:
            CORRECTIONS.labels(result.outcome).inc()
        self.written += [_line(each) for each in wrote]
        self.failed += [each for each in done if each[1].error is not None]

    def error(self) -> PermanentError:
        """One error for all objects that could not be set back."""
        (due, first), *others = self.failed
        assert first.error is not None
        more = f" {len(others)} more could not be reverted." if others else ""
        return PermanentError(first.error.code, f"{due.key.kind} {due.key.name}: {first.error.message}{more}")


def _sentence(wrote: Sequence[_Done]) -> str:
    (due, result), *others = wrote
    what = "was created again" if result.outcome is Outcome.CREATED else "was reverted"
    by = f" after a change by {result.changed_by}" if result.changed_by else ""
    more = (
        f" {counted(len(others), 'other object')} {'was' if len(others) == 1 else 'were'} also reverted."
        if others
        else ""
    )
    return f"{due.key.kind} {due.key.name} {what}{by}.{more}"


def _described(done: _Done) -> dict[str, object]:
    due, result = done
    return {
        "kind": due.key.kind,
        "namespace": due.key.namespace or None,
        "name": due.key.name,
        "outcome": result.outcome,
        "paths": list(result.paths[:_MOST_LISTED]),
        "changed_by": result.changed_by,
    }


def _line(done: _Done) -> str:
    due, result = done
    name = (
        f"{due.key.kind} {due.key.namespace}/{due.key.name}" if due.key.namespace else f"{due.key.kind} {due.key.name}"
    )
    return (
        f"{name} created again" if result.outcome is Outcome.CREATED else f"{name} reverted: {', '.join(result.paths)}"
    )
