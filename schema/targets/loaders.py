"""Loaders of targets: each reads what the same field of many objects needs in one query."""

from collections.abc import Sequence
from functools import partial

from app.targets.activity import Activity, activities
from app.targets.queries import (
    TargetFacts,
    installed_values,
    status_counts,
    target_inputs,
    targets_by_id,
    targets_by_name,
    targets_of,
    targets_on,
)
from schema.loading import Loader, Loaders, existing, many, one

target_by_id = one(targets_by_id)
target_by_name = one(targets_by_name)
"""By the deployment's number and the cluster's name."""
targets_by_deployment: Loader[int, list[TargetFacts]] = many(targets_of, lambda facts: (facts.deployment_id, facts))
targets_by_cluster: Loader[int, list[TargetFacts]] = many(targets_on, lambda facts: (facts.cluster_id, facts))
installed_values_by_target = one(installed_values)
inputs_by_target = existing(target_inputs)
status_counts_by_deployment = existing(status_counts)


async def _activities(loaders: Loaders, ids: Sequence[int]) -> list[Activity | None]:
    found = await loaders.fetched(partial(activities, slots=loaders.slots), ids)
    return [found.get(id_) for id_ in ids]


activity_by_target = Loader(_activities)
