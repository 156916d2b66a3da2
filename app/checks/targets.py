"""Measures checks that examine the targets of a wave: their health, or an object of each."""

from collections.abc import Mapping
from typing import Any

from app.checks.conditions import judged
from app.checks.services import CheckServices
from app.checks.subject import UNREACHABLE, Subject
from app.core.concurrency import for_each
from app.core.errors import UserError
from app.core.threads import in_thread
from app.health.health import Health
from app.health.rules import variables_of
from app.releases.scrubbing import WITHHELD
from app.resources.live import find_object, scrubber_of
from app.resources.place import Place, places_of
from app.rollouts.checks import Finding
from app.rollouts.states import Answer

_AT_ONCE = 8
_FAILING = (Health.DEGRADED, Health.MISSING)


async def health_of_targets(services: CheckServices, subject: Subject) -> dict[str, Finding]:
    """What is known of the targets' health, which the observer keeps up to date."""
    return {
        target.cluster: _of_health(target.health) if target.is_reachable else UNREACHABLE for target in subject.targets
    }


def _of_health(health: Health) -> Finding:
    message = f"The target is {health}."
    if health is Health.HEALTHY:
        return Finding(Answer.PASSED, message)
    return Finding(Answer.FAILED if health in _FAILING else Answer.INCONCLUSIVE, message)


async def objects_of_targets(services: CheckServices, subject: Subject) -> dict[str, Finding]:
    """Reads the object on each cluster, and evaluates the conditions."""
    places = await places_of(services, [target.id for target in subject.targets if target.is_reachable])

    async def measure(place: Place) -> tuple[str, Finding]:
        return place.facts.cluster_name, await _object(services, place, subject.rule.spec)

    found = dict.fromkeys((target.cluster for target in subject.targets), UNREACHABLE)
    return found | dict(await for_each(places.values(), measure, at_once=_AT_ONCE))


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
    finding = await judged(services, place.facts.organization_id, spec, variables_of(type_.named(live)))
    return await _clean(services, place, finding) if finding.answer is Answer.ERROR else finding


async def _clean(services: CheckServices, place: Place, finding: Finding) -> Finding:
    """The error of an expression without the values of secrets in the release, which it may quote."""
    try:
        scrubber = await scrubber_of(services, place)
    except UserError:
        return Finding(finding.answer, WITHHELD)
    return Finding(finding.answer, await in_thread(scrubber.clean, finding.message))
