"""Makes one target true: look, plan, act, look again, until there is nothing more to do.

The worker calls `look_at_target` for each wake-up. It may be called twice, late, or after a crash at any line: what is
to be done is worked out each time from Postgres and the member, and only the holder of the target's lease does it.
"""

import asyncio
import random
import uuid
from dataclasses import dataclass
from datetime import timedelta

import structlog

from app.errors import ActionError, PermanentError, TemporaryError
from app.releases.plan import Block, Plan, ReleaseAction, plan
from app.services import Services
from app.tables import now
from app.targets import leases, work
from app.targets.claims import blocked, claim_of
from app.targets.desired import compared
from app.targets.sightings import Sighting, look_at_release
from app.targets.work import Work
from reconcilers.actions import perform
from reconcilers.actions.validation import KnownManifests
from reconcilers.metrics import ACTIONS
from reconcilers.stops import Run, Stop, StoppedError, Stops

log = structlog.get_logger()

_MOST_STEPS = 6  # recover, roll back, upgrade, and each looked at; more is a fight


@dataclass(slots=True)
class Progress:
    """How far the work on a target has come: what was done last, Helm's words about it, and what was seen last."""

    done: ReleaseAction = ReleaseAction.NONE
    output: str | None = None
    seen: Sighting | None = None


class Reconciler:
    def __init__(self, services: Services, owner: str, stops: Stops) -> None:
        self._services = services
        self._owner = owner
        self._stops = stops
        self._manifests = KnownManifests()

    async def look_at_target(self, target_id: int) -> None:
        """Works on a target, if there is work whose time has come."""
        services = self._services
        heard = self._stops.heard
        found = await work.take(services, target_id, self._owner)
        if found is None:
            return
        try:
            async with leases.kept(services, found.lease), self._stops.watched(found, heard) as run:
                await self._bring_to_an_end(found, run)
        except leases.LeaseLostError:
            log.warning("reconcile.lease_lost", target=target_id)
            return
        except BaseException:
            await asyncio.shield(work.give_back(services, found))
            raise
        # Whoever waited for a place on this cluster takes ours, and work that came while we ended is not left behind.
        following = await work.due_targets(services, cluster_id=found.cluster.id, limit=1)
        await services.queue.wake(following)

    async def _bring_to_an_end(self, found: Work, run: Run) -> None:
        """Brings one operation's result to its end, or puts it off. The lease is free then."""
        progress = Progress()
        try:
            if found.operation.cancelled_at is not None:
                raise StoppedError(Stop.CANCELLED)
            async with run.stoppable():
                await self._converge(found, progress)
            assert progress.seen is not None
            await work.succeed(self._services, found, progress.done, progress.seen, progress.output)
        except StoppedError as stopped:
            await self._stop(found, progress, stopped.stop)
        except TemporaryError as error:
            if error.most is not None and work.in_a_row(found, error) >= error.most:
                await self._give_up(found, progress.done, error)
            else:
                await self._put_off(found, error, progress.seen)
        except leases.LeaseLostError:
            raise
        except PermanentError as error:
            await self._give_up(found, progress.done, error)
        except Exception:
            error_id = uuid.uuid4().hex
            log.exception("reconcile.failed", target=found.target.id, error_id=error_id)
            message = f"Something went wrong in Polyhelm itself. The worker's log has it under {error_id}."
            # What was seen may be what fails: it is not written down again.
            await self._put_off(found, TemporaryError("internal", message), None)

    async def _converge(self, found: Work, progress: Progress) -> None:
        """Does one step after the other, until the release is seen to be as it should be.

        Raises:
            ActionError: where it can't be.
        """
        for _ in range(_MOST_STEPS):
            step, seen = await self._next(found, progress)
            if step.is_done:
                return
            if step.block is not None:
                raise blocked(step.block, found.deployment.release_name, found.cluster.name)
            if step.action is progress.done and not step.recovers:
                break
            progress.done = step.action
            progress.output = await perform(self._services, self._manifests, found, step, seen)
            ACTIONS.labels(step.action, "succeeded").inc()
        raise PermanentError(
            "not_converged",
            f"{progress.done.capitalize()} succeeded, and the release is still not as wanted: somebody else is"
            " changing it.",
        )

    async def _next(self, found: Work, progress: Progress) -> tuple[Plan, Sighting]:
        """Looks at the release; gives the next step."""
        progress.seen = seen = await self._look(found)
        sides = await compared(self._services.fingerprints, found.desired, seen.release, found.target.secret_paths)
        return plan(*sides, claim_of(found.target)), seen

    async def _stop(self, found: Work, progress: Progress, stop: Stop) -> None:
        """Ends work that is to stop. Its Helm has ended already, if one ran. A cancelled operation leaves no release
        that is pending by our doing; where something newer is wanted, the work on that sees to it."""
        ACTIONS.labels(progress.done, stop.lower()).inc()
        words = (
            "It had not begun." if progress.done is ReleaseAction.NONE else f"The {progress.done.lower()} was ended."
        )
        if stop is Stop.REPLACED:
            await work.make_room(self._services, found, progress.done, words)
            await self._services.queue.wake([found.target.id])
            return
        done = progress.done
        try:
            step, seen = await self._next(found, progress)
            if step.recovers:
                await perform(self._services, self._manifests, found, step, seen)
                step, seen = await self._next(found, progress)
            if step.block is Block.IN_FLIGHT:
                error = blocked(step.block, found.deployment.release_name, found.cluster.name)
                assert isinstance(error, TemporaryError)
                await self._put_off(found, error, seen)
                return
            if step.is_done:  # the cancellation came too late, or there was nothing to do
                await work.succeed(self._services, found, done, seen, progress.output)
                return
        except ActionError as error:
            words += f" The release could not be looked at afterwards: {error.message}"
        await work.cancel(self._services, found, done, progress.seen, words)

    async def _look(self, found: Work) -> Sighting:
        member = self._services.members.of(found.cluster)
        names = found.deployment.namespace, found.deployment.release_name
        return await look_at_release(member, found.cluster.id, *names, found.known)

    async def _give_up(self, found: Work, done: ReleaseAction, error: ActionError) -> None:
        ACTIONS.labels(done, "failed").inc()
        await work.fail(self._services, found, done, error, await self._look_after_failure(found))

    async def _look_after_failure(self, found: Work) -> Sighting | None:
        try:
            return await self._look(found)
        except ActionError as error:
            log.info("reconcile.not_seen_after_failure", target=found.target.id, error=error.message)
            return None

    async def _put_off(self, found: Work, error: TemporaryError, seen: Sighting | None) -> None:
        pause = retry_pause(
            found.target.attempts,
            base=self._services.settings.retry_base,
            cap=self._services.settings.retry_cap,
            asked=error.retry_after,
        )
        retry_at = now() + timedelta(seconds=pause)
        await work.retry(self._services, found, error, retry_at, seen)
        await self._services.queue.wake([found.target.id], after=pause)


def retry_pause(attempts: int, *, base: float, cap: float, asked: float | None = None) -> float:
    """Seconds until the next attempt: exponential backoff with full jitter, and at least what the other side asked."""
    longest = min(cap, base * 2.0 ** min(attempts, 32))
    return max(asked or 0.0, random.uniform(0, longest))  # noqa: S311 - jitter, no secret
