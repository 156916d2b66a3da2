"""Loaders of targets: each reads what the same field of many objects needs in one query."""

from collections.abc import Sequence
from functools import partial

from app.targets.activity import Activity, activities
from app.targets.counts import BY_DRIFT, BY_HEALTH, BY_STATUS, OF_DEPLOYMENTS, OF_GROUPS, counting
from app.targets.queries import (
    TargetFacts,
    installed_values,
    target_holds,
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
hold_by_target = one(target_holds)
installed_values_by_target = one(installed_values)
inputs_by_target = existing(target_inputs)
status_counts_by_deployment = existing(counting(OF_DEPLOYMENTS, BY_STATUS))
health_counts_by_deployment = existing(counting(OF_DEPLOYMENTS, BY_HEALTH))
drift_counts_by_deployment = existing(counting(OF_DEPLOYMENTS, BY_DRIFT))
status_counts_by_group = existing(counting(OF_GROUPS, BY_STATUS))
health_counts_by_group = existing(counting(OF_GROUPS, BY_HEALTH))
drift_counts_by_group = existing(counting(OF_GROUPS, BY_DRIFT))


async def _activities(loaders: Loaders, ids: Sequence[int]) -> list[Activity | None]:
    found = await loaders.fetched(partial(activities, slots=loaders.slots), ids)
    return [found.get(id_) for id_ in ids]


activity_by_target = Loader(_activities)
