"""Credentials that expire soon: each causes one event, early enough to replace them."""

from datetime import timedelta

import structlog
from sqlalchemy import update
from sqlmodel import col, select

from app.clusters.codes import ClusterEvent
from app.clusters.expiry import expires_at
from app.clusters.services import ClusterServices
from app.core.encryption import KeyRingError
from app.core.services import Services
from app.tables.clusters import Cluster
from app.tables.columns import now

log = structlog.get_logger()


async def record_expiring(services: Services) -> int:
    """Records the events that are due. Returns the number of clusters whose credentials have expired or expire soon."""
    moment = now()
    until = moment + timedelta(seconds=services.settings.credentials_warning)
    expiring = select(Cluster.id, Cluster.is_expiry_told).where(col(Cluster.credentials_expire_at) < until)
    found = await services.database.rows(expiring)
    for cluster_id in sorted(cluster_id for cluster_id, is_reported in found if not is_reported):
        async with services.transaction() as transaction:
            # Checked again under the lock: another worker may record the event, or a user replace the credentials.
            locked = (
                select(Cluster)
                .where(col(Cluster.id) == cluster_id, col(Cluster.is_expiry_told).is_(False))
                .where(col(Cluster.credentials_expire_at) < until)
                .with_for_update(key_share=True)
            )
            cluster = (await transaction.session.exec(locked)).first()
            if cluster is None or cluster.credentials_expire_at is None:
                continue
            cluster.is_expiry_told = True
            verb = "expire" if cluster.credentials_expire_at > moment else "expired"
            transaction.record(
                ClusterEvent.CREDENTIALS_EXPIRING,
                f"The credentials of {cluster.name} {verb} on {cluster.credentials_expire_at:%Y-%m-%d at %H:%M} UTC."
                f" Replace them: polyhelm cluster update {cluster.name} --kubeconfig FILE",
                organization_id=cluster.organization_id,
                subject=cluster,
                expires_at=cluster.credentials_expire_at.isoformat(),
            )
    return len(found)


async def read_expiry(services: ClusterServices) -> None:
    """Fills in the expiry of credentials that were stored before Polyhelm recorded it."""
    unread = select(Cluster).where(col(Cluster.credentials_expire_at).is_(None))
    for (cluster,) in await services.database.rows(unread):
        try:
            moment = expires_at(services.members.of(cluster).access)
        except KeyRingError as error:
            log.warning("sweeper.credentials_unreadable", cluster=cluster.id, error=str(error))
            continue
        if moment is not None:
            same = col(Cluster.id) == cluster.id, col(Cluster.credentials) == cluster.credentials
            async with services.transaction() as transaction:
                await transaction.session.execute(update(Cluster).where(*same).values(credentials_expire_at=moment))
