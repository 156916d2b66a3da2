"""Lists of clusters, in pages."""

from sqlmodel import col, select

from app.core.paging import Page, Window, fetch_page
from app.core.searching import mentions
from app.core.services import Services
from app.tables.clusters import Cluster


async def clusters_page(
    services: Services, organization_id: int, window: Window, *, search: str | None = None
) -> Page[Cluster]:
    """Clusters by name; with `search`, those with this text in name, cloud, distribution or region."""
    statement = select(Cluster).where(col(Cluster.organization_id) == organization_id)
    if search:
        columns = (Cluster.name, Cluster.cloud, Cluster.distribution, Cluster.region)
        statement = statement.where(mentions(search, *columns))
    async with services.database.reading() as session:
        return await fetch_page(session, statement, [col(Cluster.name)], window)


async def cluster_by_name(services: Services, organization_id: int, name: str) -> Cluster | None:
    statement = select(Cluster).where(col(Cluster.organization_id) == organization_id, col(Cluster.name) == name)
    async with services.database.reading() as session:
        return (await session.exec(statement)).first()
