"""Tries a health rule on a live object, before the rule is saved."""

from dataclasses import dataclass

from app.health.health import Verdict
from app.health.kinds import Kind
from app.health.rules import HealthRule
from app.identity.permissions import Permission
from app.identity.viewer import Viewer
from app.resources.custom_rules import CustomRule, judge
from app.resources.health_rules import check
from app.resources.live import read_object
from app.resources.place import place_of
from app.resources.services import ResourceServices
from app.tables.columns import now


@dataclass(frozen=True)
class Tried:
    """The resource that a rule is tried on. Without a namespace, it is in that of the release."""

    target_id: int
    kind: str
    namespace: str | None
    name: str
    group: str | None


async def try_health_rule(services: ResourceServices, viewer: Viewer, tried: Tried, rule: HealthRule) -> Verdict | None:
    """Returns what a rule says about a resource as it is now; None if the target does not have the resource.

    Raises:
        UserError: the rule is not valid, or the cluster cannot be asked.
    """
    place = await place_of(services, viewer, tried.target_id, Permission.RESOURCES_READ)
    namespace = place.deployment.namespace if tried.namespace is None else tried.namespace
    found = await read_object(services, viewer, tried.target_id, tried.kind, namespace, tried.name, tried.group)
    if found is None or found.live is None:
        return None
    kind = found.kind
    organization_id = place.deployment.organization_id
    await check(services, organization_id, kind.group, kind.kind, rule)
    custom = CustomRule(Kind(kind.group, kind.kind), rule)
    return await judge(services.health_rules, organization_id, custom, kind.named(found.live), now())
