"""`select-clusters`: the clusters of the organization that meet conditions."""

from collections.abc import Mapping
from typing import Any

from sqlmodel import col, select

from app.groups.facts import cluster_facts
from app.releases.selectors import Selector, problems
from app.steps.context import StepContext, StepFailed
from app.tables.clusters import Cluster
from app.tables.groups import ClusterGroup
from app.workflows.progress import MAX_ITEMS


async def select_clusters(context: StepContext, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    """The clusters, by name. Every member of the organization can see all of them."""
    conditions = {name: value for name, value in inputs.items() if name != "group"}
    for path, message in problems(conditions):
        raise StepFailed("selector", ": ".join((*path, message)))
    selector = Selector.of_json(conditions)
    statement = (
        select(Cluster, ClusterGroup.name)
        .outerjoin(ClusterGroup, col(ClusterGroup.id) == Cluster.group_id)
        .where(col(Cluster.organization_id) == context.organization_id)
        .order_by(col(Cluster.name))
    )
    if "group" in inputs:
        statement = statement.where(col(ClusterGroup.name) == inputs["group"])
    async with context.services.database.reading() as session:
        rows = (await session.exec(statement)).all()
    found = [
        facts.as_json() for facts in (cluster_facts(row, group or "") for row, group in rows) if selector.matches(facts)
    ]
    if len(found) > MAX_ITEMS:
        raise StepFailed("selector", f"{len(found):,} clusters match, and a step can select at most {MAX_ITEMS:,}.")
    await context.log(f"{len(found)} of {len(rows)} clusters match: {selector}.")
    return {"clusters": found}
