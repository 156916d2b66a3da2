"""Brings one target to its wanted state: look, take the next step, look again, until there is nothing more to do.

The dispatcher calls `reconcile_target` for due targets. It may be called twice, late, or after a crash at any line:
each call derives the next step from Postgres and the member, and only the holder of the target's lease takes it.
"""

import asyncio
import random
import uuid
from datetime import timedelta

import structlog

from app.core.errors import ActionError, PermanentError, TemporaryError
from app.core.leases import LeaseLostError
from app.drift.states import LiveDrift
from app.fleet.services import AllServices
from app.operations import endings, work
from app.operations.work import Work
from app.releases.error_codes import ActionCode
from app.releases.release import Desired
from app.releases.remediation import Remediation
from app.releases.step import API_MIGRATION, CORRECTION, Recovery, ReleaseAction, ReleaseStep, next_step
from app.resources.corrections import due_objects
from app.tables.columns import now
from app.tables.operations import OperationKind
from app.targets import leases
from app.targets.claims import blocked, claim_after, claim_of
from app.targets.desired import compared
from app.targets.sightings import Sighting, look_at_release
from reconcilers.actions import perform
from reconcilers.actions.validation import KnownManifests
from reconcilers.attempt import Attempt, not_as_planned
from reconcilers.metrics import ACTIONS
from reconcilers.stops import Run, Stop, StoppedError, Stops

log = structlog.get_logger()

_MOST_STEPS = 6  # mark, remove, install, and a look after each; more means that someone else keeps changing the release
_MOST_RACES = 3  # in one attempt, steps that failed because another Helm changed the release first
_LONGER = 3  # extra doublings of the pause after an attempt that wrote


class Reconciler:
    def __init__(self, services: AllServices, owner: str, stops: Stops) -> None:
        self._services = services
        self._owner = owner
        self._stops = stops
        self._manifests = KnownManifests()

    async def reconcile_target(self, target_id: int) -> bool:
        """Works on a target if work on it is due; returns whether there was any."""
        services = self._services
        heard = self._stops.heard
        found = await work.take(services, target_id, self._owner)
        if found is None:
            return False
        try:
            async with leases.kept(services, found.lease), self._stops.watched(found, heard) as run:
                await self._complete(found, run)
        except LeaseLostError:
            log.warning("reconcile.lease_lost", target=target_id)
        except BaseException:
            await asyncio.shield(endings.give_back(services, found))
            raise
        return True

    async def _complete(self, found: Work, run: Run) -> None:
        """Completes one operation's result, or schedules a retry. Both free the lease."""
        attempt = Attempt(found)
        try:
            await self._attempt(attempt, run)
        except LeaseLostError:
            raise
        except Exception:
            error_id = uuid.uuid4().hex
            log.exception("reconcile.failed", target=found.target.id, error_id=error_id)
            message = f"Internal error in Polyhelm. The worker's log has the details under {error_id}."
            # Perhaps the observation or the output is what cannot be written, so both are left out. A run that may have
            # made a revision counts; otherwise an outcome that cannot be written would repeat Helm runs without end.
            attempt.seen = attempt.output = None
            await self._retry_later(attempt, TemporaryError(ActionCode.INTERNAL, message, wrote=attempt.leaves_marks))

    async def _attempt(self, attempt: Attempt, run: Run) -> None:
        found = attempt.work
        try:
            if found.operation.cancelled_at is not None:
                raise StoppedError(Stop.CANCELLED)
            async with run.stoppable():
                if found.operation.kind is OperationKind.API_MIGRATION:
                    converged = await self._migrate(attempt)
                else:
                    converged = True
                    if await self._converge(attempt):
                        await self._correct(attempt)
            assert attempt.seen is not None
            await endings.succeed(
                self._services, found, attempt.action, attempt.seen, attempt.output, converged=converged
            )
        except StoppedError as stopped:
            await self._stop(attempt, stopped)
        except TemporaryError as error:
            await self._look_after_failure(attempt)
            await self._retry_later(attempt, error)
        except PermanentError as error:
            await self._look_after_failure(attempt)
            if attempt.left_pending:  # apart from the failure, Helm could not record its end
                await self._retry_later(attempt, TemporaryError(error.code, error.message, error.output, wrote=True))
            else:
                await self._give_up(attempt, error)

    async def _converge(self, attempt: Attempt) -> bool:
        """Takes one step after another, until a look shows that the release is in its wanted state. A correction of
        objects takes none: another client may have changed the release since. Returns whether the release is in its
        wanted state.

        Raises:
            ActionError: where a step fails, or cannot be taken.
        """
        found = attempt.work
        races = 0
        for _ in range(_MOST_STEPS):
            step, wanted, seen = await self._next(attempt)
            if step.is_done or found.operation.kind is OperationKind.CORRECTION:
                return step.is_done
            if step.block is not None:
                assert seen.release is not None
                raise blocked(step.block, seen.release, found.cluster.name)
            attempt.refuse_unplanned()
            attempt.refuse_useless(step, retries=self._retries(found))
            attempt.begin(step)
            try:
                attempt.output = await self._perform(attempt, step, wanted, seen)
            except ActionError as error:
                if error.code != ActionCode.RELEASE_CHANGED or races == _MOST_RACES:
                    raise
                races += 1
                attempt.step = None  # another Helm was faster: the next step depends on the release as it is now
                continue
            ACTIONS.labels(step.runs, "succeeded").inc()
        raise attempt.not_converged()

    async def _correct(self, attempt: Attempt) -> None:
        """Sets objects back to the manifest, if the deployment asks for it."""
        found, seen = attempt.work, attempt.seen
        if found.deployment.live_drift is not LiveDrift.CORRECT or found.desired is None:
            return
        assert seen is not None
        async with self._services.database.reading() as session:
            if not await due_objects(session, found.target.id, seen.secret_version):
                return
        before = attempt.action
        if before is ReleaseAction.NONE:
            attempt.action = ReleaseAction.CORRECTION
        written = await self._perform(attempt, CORRECTION, found.desired, seen)
        if written is None:  # they were set back by someone else
            attempt.action = before
            return
        attempt.output = "\n".join(filter(None, (attempt.output, written)))
        ACTIONS.labels(ReleaseAction.CORRECTION, "succeeded").inc()

    async def _migrate(self, attempt: Attempt) -> bool:
        """Has the release's record written with other API versions, if the release is still the planned one. Returns
        whether the release is in its wanted state: if it is not, that remains.

        Raises:
            ActionError: if the record cannot be written.
        """
        found = attempt.work
        step, wanted, seen = await self._next(attempt)
        if seen.release is None or seen.release.status != "deployed":
            raise not_as_planned(found.cluster.name, seen)
        if step.block is not None:
            raise blocked(step.block, seen.release, found.cluster.name)
        attempt.begin(API_MIGRATION)
        try:
            attempt.output = await self._perform(attempt, API_MIGRATION, wanted, seen)
        except ActionError as error:
            if error.code != ActionCode.RELEASE_CHANGED:
                raise
            raise not_as_planned(found.cluster.name, await self._look(attempt)) from error
        if attempt.output:
            ACTIONS.labels(ReleaseAction.API_MIGRATION, "succeeded").inc()
        else:
            attempt.action, attempt.output = ReleaseAction.NONE, None
        step, _, _ = await self._next(attempt)
        return step.is_done

    async def _next(self, attempt: Attempt) -> tuple[ReleaseStep, Desired | None, Sighting]:
        """Looks at the release; returns the next step, the wanted release, and the observation."""
        found, fingerprints = attempt.work, self._services.fingerprints
        attempt.before = attempt.seen
        seen = await self._look(attempt)
        attempt.note()
        wanted, observed = await compared(fingerprints, found.desired, seen.release, found.target.secret_paths)
        owner = claim_of(found.target).owner(seen.release)
        return next_step(wanted, observed, owner, force=found.operation.force), wanted, seen

    async def _perform(self, attempt: Attempt, step: ReleaseStep, wanted: Desired | None, seen: Sighting) -> str | None:
        counts = attempt.leaves_marks
        return await perform(self._services, self._manifests, attempt.work, step, seen, wanted, counts=counts)

    async def _stop(self, attempt: Attempt, stopped: StoppedError) -> None:
        """Ends work that is to stop; a Helm that ran for it has already ended. After a cancellation, a release that the
        run has left pending is marked as failed; after a newer operation, the work on that operation does so."""
        found, action = attempt.work, attempt.action
        ACTIONS.labels(action, stopped.stop.lower()).inc()
        words = "It had not started." if action is ReleaseAction.NONE else f"{action.noun} was stopped."
        words += stopped.words
        if stopped.stop is Stop.REPLACED:
            await endings.supersede(self._services, found, action, words)
            return
        if found.operation.kind.keeps_release:
            await endings.cancel(self._services, found, action, attempt.seen, words)
            return
        try:
            step, wanted, seen = await self._next(attempt)
            if step.recovery is Recovery.MARK_FAILED:
                await self._perform(attempt, step, wanted, seen)
                step, wanted, seen = await self._next(attempt)
            if step.is_done:  # the cancellation came too late, or there was nothing to do
                await endings.succeed(self._services, found, action, seen, attempt.output)
                return
        except ActionError as error:
            words += f" The release could not be checked afterwards: {error.message}"
        await endings.cancel(self._services, found, action, attempt.seen, words)

    async def _look(self, attempt: Attempt) -> Sighting:
        """Looks at the release, and notes what that shows about its owner."""
        found = attempt.work
        member = self._services.members.of(found.cluster)
        names = found.deployment.namespace, found.deployment.release_name
        seen = attempt.seen = await look_at_release(member, found.cluster.id, *names, found.known)
        claim = await claim_after(self._services.fingerprints, claim_of(found.target), seen.release)
        work.note_observation(found, claim, seen.release)
        return seen

    async def _give_up(self, attempt: Attempt, error: ActionError) -> None:
        """Ends the result with an error that a retry would repeat, unless the deployment asks for the retry. A release
        to be removed by force is left behind."""
        found = attempt.work
        if attempt.is_repeated(error, retries=Remediation.of_json(found.deployment.remediation).retries):
            again = TemporaryError(error.code, error.message, error.output, wrote=True)
            await self._retry_later(attempt, again)
            return
        ACTIONS.labels(attempt.action, "failed").inc()
        if found.desired is None and found.operation.force:
            await endings.abandon(self._services, found, error, attempt.seen)
            return
        await endings.fail(
            *(self._services, found, attempt.action, error, attempt.seen),
            writes=attempt.writes_after(error),
            runs_hooks=attempt.runs_hooks,
            failure=attempt.failure(error),
        )

    def _retries(self, found: Work) -> int:
        """How often a run of Helm that has changed something is repeated."""
        return max(self._services.settings.helm_retries, Remediation.of_json(found.deployment.remediation).retries)

    async def _look_after_failure(self, attempt: Attempt) -> None:
        if attempt.step is None and attempt.seen is not None:
            return  # nothing was done since the last look
        try:
            await self._look(attempt)
        except ActionError as error:
            attempt.seen = None
            log.info("reconcile.not_seen_after_failure", target=attempt.work.target.id, error=error.message)

    async def _retry_later(self, attempt: Attempt, error: TemporaryError) -> None:
        """Schedules a retry after a pause, or ends the result if there were enough attempts."""
        found, settings = attempt.work, self._services.settings
        writes = attempt.writes_after(error)
        last = attempt.final_error(error, retries=self._retries(found))
        if last is not None:
            await self._give_up(attempt, last)
            return
        pause = retry_pause(
            found.target.attempts,
            base=settings.retry_base,
            cap=settings.retry_cap,
            asked=error.retry_after,
            wrote=writes > found.target.writes,
        )
        retry_at = now() + timedelta(seconds=pause)
        hooks = attempt.runs_hooks
        await endings.retry(self._services, found, error, retry_at, attempt.seen, writes=writes, runs_hooks=hooks)
        await self._services.queue.wake([found.target.id], after=pause)


def retry_pause(attempts: int, *, base: float, cap: float, asked: float | None = None, wrote: bool = False) -> float:
    """Seconds until the next attempt: exponential backoff with full jitter, and at least what the server `asked` for.

    After an attempt that `wrote`, the pause is longer: the number of such attempts is limited, so the cause of the
    failure gets more time to go away."""
    longest = min(cap, base * 2.0 ** min(attempts + (_LONGER if wrote else 0), 32))
    shortest = longest / 2 if wrote else 0.0
    return max(asked or 0.0, random.uniform(shortest, longest))  # noqa: S311 - jitter, no secret
