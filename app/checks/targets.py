"""Measures checks that examine the targets of a wave: their health, or an object of each."""

import asyncio
from collections.abc import Mapping
from typing import Any

from app.checks.conditions import judged
from app.checks.services import CheckServices
from app.checks.subject import Subject
from app.core.errors import UserError
from app.health.health import Health
from app.resources.live import find_object
from app.resources.place import Place, places_of
from app.rollouts.checks import Finding
from app.rollouts.states import Answer

_AT_ONCE = 8
_UNREACHABLE = Finding(Answer.INCONCLUSIVE, "The cluster is unreachable.")
_FAILING = (Health.DEGRADED, Health.MISSING)
_MAPS = ("metadata", "spec", "status", "data")


async def health_of_targets(services: CheckServices, subject: Subject) -> dict[str, Finding]:
    """What is known of the targets' health, which the observer keeps up to date."""
    return {
        target.cluster: _of_health(target.health) if target.is_reachable else _UNREACHABLE for target in subject.targets
    }


def _of_health(health: Health) -> Finding:
    message = f"The target is {health}."
    if health is Health.HEALTHY:
        return Finding(Answer.PASSED, message)
    return Finding(Answer.FAILED if health in _FAILING else Answer.INCONCLUSIVE, message)


async def objects_of_targets(services: CheckServices, subject: Subject) -> dict[str, Finding]:
    """Reads the object on each cluster, and evaluates the conditions."""
    places = await places_of(services, [target.id for target in subject.targets if target.is_reachable])
    slots = asyncio.Semaphore(_AT_ONCE)

    async def measure(place: Place) -> Finding:
        async with slots:
            return await _object(services, place, subject.rule.spec)

    found = dict.fromkeys((target.cluster for target in subject.targets), _UNREACHABLE)
    async with asyncio.TaskGroup() as group:
        tasks = {place.facts.cluster_name: group.create_task(measure(place)) for place in places.values()}
    return found | {name: task.result() for name, task in tasks.items()}


async def _object(services: CheckServices, place: Place, spec: Mapping[str, Any]) -> Finding:
    kind, name = spec["kind"], spec["name"]
    namespace = spec["namespace"] or place.deployment.namespace
    try:
        found = await find_object(services, place, kind, namespace, name, spec["apiGroup"])
        if found is None:  # an object that belongs to no namespace
            found = await find_object(services, place, kind, "", name, spec["apiGroup"])
    except UserError as error:
        return Finding(Answer.ERROR, str(error))
    if found is None:
        return Finding(Answer.ERROR, f"The release has no {kind} {name}.")
    type_, live, _ = found
    if live is None:
        return Finding(Answer.FAILED, f"The cluster has no {kind} {name}.")
    return await judged(services, place.facts.organization_id, spec, _variables(type_.named(live)))


def _variables(live: Mapping[str, Any]) -> dict[str, Any]:
    fields = {name: {} if live.get(name) is None else live[name] for name in _MAPS}
    return {"apiVersion": live["apiVersion"], "kind": live["kind"], "object": live, **fields}
