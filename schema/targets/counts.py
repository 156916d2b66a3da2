"""How many targets have each status, health and state of their live objects."""

from collections.abc import Mapping

import strawberry

from schema.resources.enums import DriftState, Health
from schema.targets.enums import TargetStatus


@strawberry.type
class StatusCount:
    status: TargetStatus
    count: int


@strawberry.type
class HealthCount:
    health: Health
    count: int


@strawberry.type
class DriftCount:
    state: DriftState
    count: int


def by_status(counts: Mapping[TargetStatus, int]) -> list[StatusCount]:
    return [StatusCount(status=status, count=count) for status, count in counts.items()]


def by_health(counts: Mapping[Health, int]) -> list[HealthCount]:
    return [HealthCount(health=health, count=count) for health, count in counts.items()]


def by_drift(counts: Mapping[DriftState, int]) -> list[DriftCount]:
    return [DriftCount(state=state, count=count) for state, count in counts.items()]
