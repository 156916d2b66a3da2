"""Renames a cluster.

Deployments refer to clusters by name, in their targets and in overrides of values. All of their generations get the new
name, so that none of them loses an override, and a rollback to an earlier generation still means the same cluster.
Results of operations and events are history: they keep the old name."""

from sqlalchemy import text
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.tables.clusters import Cluster
from app.tables.targets import Target
from app.targets.locking import lock_targets

_LOCK = text("""
    SELECT id FROM deployment
    WHERE organization_id = :organization AND EXISTS (
        SELECT FROM deployment_revision
        WHERE deployment_id = deployment.id AND (
            targets ? :was OR listed_targets ? :was OR value_overrides ? :was OR overrides_from ? :was
        )
    )
    ORDER BY id FOR NO KEY UPDATE
""")
# In an earlier generation, the new name may be that of a removed cluster: the renamed cluster replaces it there.
_RENAME = text("""
    WITH given AS (SELECT CAST(:was AS text) AS was, CAST(:name AS text) AS name)
    UPDATE deployment_revision SET
        targets = (
            SELECT coalesce(jsonb_agg(CASE listed WHEN was THEN name ELSE listed END ORDER BY place), '[]')
            FROM jsonb_array_elements_text(targets) WITH ORDINALITY AS names (listed, place)
            WHERE listed <> name
        ),
        listed_targets = (
            SELECT coalesce(jsonb_agg(CASE listed WHEN was THEN name ELSE listed END ORDER BY place), '[]')
            FROM jsonb_array_elements_text(listed_targets) WITH ORDINALITY AS names (listed, place)
            WHERE listed <> name
        ),
        value_overrides = (value_overrides - was - name) || CASE
            WHEN value_overrides ? was THEN jsonb_build_object(name, value_overrides -> was) ELSE '{}'
        END,
        overrides_from = (overrides_from - was - name) || CASE
            WHEN overrides_from ? was THEN jsonb_build_object(name, overrides_from -> was) ELSE '{}'
        END
    FROM given
    WHERE deployment_id IN (SELECT id FROM deployment WHERE organization_id = :organization)
        AND (targets ? was OR listed_targets ? was OR value_overrides ? was OR overrides_from ? was)
""")


async def rename(session: AsyncSession, cluster: Cluster, name: str) -> None:
    """Renames a cluster. The caller has locked its group, if it has one, and its row.

    Locks its targets and the deployments that name it: other code that derives the wanted state of a cluster holds one
    of these locks."""
    names = {"organization": cluster.organization_id, "was": cluster.name}
    await session.execute(_LOCK, names)
    await lock_targets(session, col(Target.cluster_id) == cluster.id)
    cluster.name = name
    await session.flush()
    await session.execute(_RENAME, {**names, "name": name})
