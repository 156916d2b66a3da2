"""Tries a health rule on an object, before the rule is saved."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.core.errors import invalid
from app.core.threads import in_thread
from app.health.health import HealthVerdict
from app.health.judging import health_of
from app.health.kinds import Kind, kind_of
from app.health.rules import HealthRule
from app.health.shipped import shipped
from app.identity.permissions import Permission
from app.identity.viewer import Viewer
from app.registers.common import CommonCode
from app.resources.custom_rules import CustomRule, judge
from app.resources.health_rules import check, rule_for
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


async def try_health_rule(
    services: ResourceServices, viewer: Viewer, tried: Tried, rule: HealthRule
) -> HealthVerdict | None:
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


async def judge_object(
    services: ResourceServices, viewer: Viewer, organization_id: int, given: object, rule: HealthRule | None
) -> HealthVerdict:
    """Returns what a rule says about an object that is given; without a rule, what the organization's rule or the
    shipped rules say. No cluster is asked.

    Raises:
        UserError: the rule is not valid, or the object has no kind.
    """
    viewer.require(organization_id, Permission.RESOURCES_READ)
    if not isinstance(given, Mapping) or not (kind := kind_of(given)).kind:
        raise invalid(CommonCode.INVALID_INPUT, "An object has an `apiVersion` and a `kind`.", "object")
    found: Mapping[str, Any] = given
    if rule is not None:
        await check(services, organization_id, kind.group, kind.kind, rule)
        custom: CustomRule | None = CustomRule(kind, rule)
    else:
        custom = await rule_for(services, organization_id, kind)
    if custom is None:
        return await in_thread(health_of, found, shipped(), now())
    return await judge(services.health_rules, organization_id, custom, found, now())
