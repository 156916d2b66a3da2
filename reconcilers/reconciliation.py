"""Makes one target true: look, plan, act, look again, until there is nothing more to do.

The worker calls `look_at_target` for each wake-up. It may be called twice, late, or after a crash at any line: what is
to be done is worked out each time from Postgres and the member, and only the holder of the target's lease does it.
"""

import asyncio
import random
import uuid
from datetime import timedelta

import structlog

from app.errors import ActionError, PermanentError, TemporaryError
from app.releases.plan import ReleaseAction, plan
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

log = structlog.get_logger()

_MOST_STEPS = 6  # recover, roll back, upgrade, and each looked at; more is a fight


class Reconciler:
    def __init__(self, services: Services, owner: str) -> None:
        self._services = services
        self._owner = owner
        self._manifests = KnownManifests()

    async def look_at_target(self, target_id: int) -> None:
        """Works on a target, if there is work whose time has come."""
        services = self._services
        found = await work.take(services, target_id, self._owner)
        if found is None:
            return
        try:
            async with leases.kept(services, found.lease):
                await self._bring_to_an_end(found)
        except leases.LeaseLostError:
            log.warning("reconcile.lease_lost", target=target_id)
            return
        except BaseException:
            await asyncio.shield(work.give_back(services, found))
            raise
        # Whoever waited for a place on this cluster takes ours, and work that came while we ended is not left behind.
        following = await work.due_targets(services, cluster_id=found.cluster.id, limit=1)
        await services.queue.wake(following)

    async def _bring_to_an_end(self, found: Work) -> None:
        """Brings one operation's result to its end, or puts it off. The lease is free then."""
        done, output, seen = ReleaseAction.NONE, None, None
        try:
            for _ in range(_MOST_STEPS):
                seen = await self._look(found)
                paths = found.target.secret_paths
                sides = await compared(self._services.fingerprints, found.desired, seen.release, paths)
                step = plan(*sides, claim_of(found.target))
                if step.is_done:
                    await work.succeed(self._services, found, done, seen, output)
                    return
                if step.block is not None:
                    raise blocked(step.block, found.deployment.release_name, found.cluster.name)
                if step.action is done and not step.recovers:
                    break
                done = step.action
                output = await perform(self._services, self._manifests, found, step, seen)
                ACTIONS.labels(step.action, "succeeded").inc()
            raise PermanentError(
                "not_converged",
                f"{done.capitalize()} succeeded, and the release is still not as wanted: somebody else is changing it.",
            )
        except TemporaryError as error:
            if error.most is not None and work.in_a_row(found, error) >= error.most:
                await self._give_up(found, done, error)
            else:
                await self._put_off(found, error, seen)
        except leases.LeaseLostError:
            raise
        except PermanentError as error:
            await self._give_up(found, done, error)
        except Exception:
            error_id = uuid.uuid4().hex
            log.exception("reconcile.failed", target=found.target.id, error_id=error_id)
            message = f"Something went wrong in Polyhelm itself. The worker's log has it under {error_id}."
            await self._put_off(found, TemporaryError("internal", message), seen)

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
