"""Looks at every member again and again, and writes down what is there: a change by hand shows without being asked for.

Members are shared out among any number of observers by their due time: whoever finds one that is due takes it, moves
its due time on, and looks at it.
"""

import asyncio
from datetime import timedelta

import structlog
from sqlalchemy import func, update
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, select

from app.clusters.member import THROTTLED, UNAUTHORIZED
from app.clusters.tables import Cluster, Reachability
from app.encryption import KeyRingError
from app.errors import ActionError, TemporaryError
from app.operations.tables import OPEN, OperationResult
from app.services import Services
from app.tables import now
from app.targets.sightings import Sighting, known_versions, look_at_member, write_out_of_reach, write_sighting
from app.targets.tables import Target
from reconcilers.metrics import OBSERVATIONS

log = structlog.get_logger()

_AT_ONCE = 50  # members looked at by one process
_LOOK_AGAIN_SECONDS = 2.0  # after a first failure, before a member is called unreachable


class Observer:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._looking: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Observes until it is cancelled."""
        pause = min(1.0, self._services.settings.confirm_every / 4)
        try:
            while True:
                try:
                    await self._take_due()
                except (DBAPIError, OSError) as error:
                    log.warning("observer.database_lost", error=str(error))
                await asyncio.sleep(pause)
        finally:
            for task in self._looking:
                task.cancel()
            await asyncio.gather(*self._looking, return_exceptions=True)

    async def _take_due(self) -> None:
        places = _AT_ONCE - len(self._looking)
        if places <= 0:
            return
        due = (
            select(Cluster.id)
            .where(col(Cluster.confirm_due_at) <= func.clock_timestamp())
            .order_by(col(Cluster.confirm_due_at))
            .limit(places)
            .with_for_update(skip_locked=True, key_share=True)
        )
        every = timedelta(seconds=self._services.settings.confirm_every)
        async with self._services.transaction() as transaction:
            taken = await transaction.session.execute(
                update(Cluster)
                .where(col(Cluster.id).in_(due))
                .values(confirm_due_at=func.clock_timestamp() + every)
                .returning(Cluster)
            )
            clusters = list(taken.scalars())
        for cluster in clusters:
            task = asyncio.create_task(self._look(cluster))
            self._looking.add(task)
            task.add_done_callback(self._looking.discard)

    async def _look(self, cluster: Cluster) -> None:
        try:
            await look_and_write(self._services, cluster)
            OBSERVATIONS.labels("seen").inc()
        except TemporaryError as error:
            OBSERVATIONS.labels(error.code).inc()
            await self._not_seen(cluster, error)
        except (ActionError, KeyRingError) as error:
            OBSERVATIONS.labels("refused").inc()
            async with self._services.transaction() as transaction:
                await write_out_of_reach(transaction, cluster.id, Reachability.UNAUTHORIZED, str(error))
        except (DBAPIError, OSError) as error:
            log.warning("observer.database_lost", cluster=cluster.name, error=str(error))
        except Exception:
            log.exception("observer.failed", cluster=cluster.name)

    async def _not_seen(self, cluster: Cluster, error: TemporaryError) -> None:
        settings = self._services.settings
        if error.code == THROTTLED:
            await self._due_again(cluster, error.retry_after or settings.confirm_every)
            return
        silent = (now() - cluster.last_seen_at).total_seconds() if cluster.last_seen_at else None
        if error.code != UNAUTHORIZED and silent is not None and silent < settings.unreachable_after:
            await self._due_again(cluster, min(_LOOK_AGAIN_SECONDS, settings.confirm_every))
            return
        reachability = Reachability.UNAUTHORIZED if error.code == UNAUTHORIZED else Reachability.UNREACHABLE
        async with self._services.transaction() as transaction:
            await write_out_of_reach(transaction, cluster.id, reachability, error.message)

    async def _due_again(self, cluster: Cluster, seconds: float) -> None:
        async with self._services.transaction() as transaction:
            await transaction.session.execute(
                update(Cluster)
                .where(col(Cluster.id) == cluster.id)
                .values(confirm_due_at=func.clock_timestamp() + timedelta(seconds=seconds))
            )


async def look_and_write(services: Services, cluster: Cluster) -> None:
    """Looks at one member and writes down what is there; work that waited for it to come back is woken.

    Raises:
        TemporaryError: where it can't be asked.
    """
    member = services.members.of(cluster)
    async with services.database.reading() as session:
        known = await known_versions(session, cluster.id)
    sighting = await look_at_member(member, known)
    if await _write(services, cluster, sighting):
        return
    # Something newer was written meanwhile, by a worker. Looking once more gives what is newer still, unless the
    # member's store was restored from a backup and counts anew.
    sighting = await look_at_member(member, {})
    await _write(services, cluster, sighting, reset=True)


async def _write(services: Services, cluster: Cluster, sighting: Sighting, *, reset: bool = False) -> bool:
    async with services.transaction() as transaction:
        if not await write_sighting(transaction, cluster.id, sighting, reset=reset):
            return False
        if cluster.reachability is not Reachability.REACHABLE:
            waiting = (
                select(Target.id)
                .join(OperationResult, col(OperationResult.target_id) == Target.id)
                .where(col(Target.cluster_id) == cluster.id, col(OperationResult.state).in_(OPEN))
            )
            woken = list((await transaction.session.exec(waiting)).all())
            await transaction.session.execute(update(Target).where(col(Target.id).in_(woken)).values(retry_at=None))
            transaction.wake(woken)
        return True
