"""Strategies as inputs."""

from collections.abc import Iterator
from typing import Any

import strawberry

from app.core.errors import Problem, all_invalid
from app.rollouts.stored_form import PLACE
from app.tables.identity import Role
from schema.selectors.inputs import ClusterSelectorInput, stored_selector
from schema.strategies.checks import CheckInput, stored_check
from schema.strategies.enums import Ending, OnNewer
from schema.strategies.types import AMOUNT, DURATION

STRATEGY_FIELDS = (
    *("name", "maxUnavailable", "maxConcurrent", "maxFailures", "maxDeferred", "minReady", "deadline", "soak"),
    *("validFor", "interval", "apiGroup", "passes", "fails", "query", "method", "timeout", "prefix", "image"),
)
"""Fields whose texts the audit log may contain."""


@strawberry.input(description="How many users must approve before the wave begins. The author of the change cannot.")
class ApprovalInput:
    required: int = 1
    role: Role | None = strawberry.field(default=None, description="The role that an approving user must have.")
    valid_for: str = strawberry.field(default="7d", description="How long an approval counts. " + DURATION)


@strawberry.input(description="What a wave waits for before it begins. Change windows apply without being named here.")
class GateInput:
    approval: ApprovalInput | None = None
    check: CheckInput | None = strawberry.field(
        default=None, description="It is measured once the wave has the approvals that it needs."
    )


@strawberry.input(
    description="One wave. It takes the targets that its selector matches and no earlier wave has, and of these at most"
    " `count` or `percent` of all targets."
)
class WaveInput:
    name: str
    select: ClusterSelectorInput | None = strawberry.field(default=None, description="Default: every target.")
    count: int | None = None
    percent: int | None = None
    max_concurrent: str = strawberry.field(
        default="100%", description="The targets of the wave that move at once. " + AMOUNT
    )
    max_failures: str = strawberry.field(
        default="0", description="With more failed targets, the rollout fails. " + AMOUNT
    )
    max_deferred: str = strawberry.field(
        default="10%", description="The unreachable targets with which the wave may pass. " + AMOUNT
    )
    soak: str = strawberry.field(
        default="0s", description="How long to wait after the last target of the wave. " + DURATION
    )
    deadline: str = strawberry.field(default="15m", description="How long a target may take to be READY. " + DURATION)
    min_ready: str = strawberry.field(
        default="10s", description="How long a target must be healthy to be READY. " + DURATION
    )
    before: list[GateInput] | None = None
    checks: list[CheckInput] | None = strawberry.field(
        default=None, description="Checks after the soak time. The wave passes once all have passed."
    )


@strawberry.input(description="How a change reaches the targets: in waves, one after the other.")
class RolloutStrategyInput:
    waves: list[WaveInput]
    max_unavailable: str = strawberry.field(
        default="100%",
        description="The targets of the deployment that may be unavailable at once because of the rollout, in all waves"
        " together, at least one. " + AMOUNT,
    )
    on_newer: OnNewer = OnNewer.SUPERSEDE
    roll_back_on: list[Ending] | None = strawberry.field(
        default=None, description="A rollout that ends for one of these reasons is rolled back. Default: CHECK_FAILED."
    )


def given_strategy(given: RolloutStrategyInput | None, field: str) -> dict[str, Any] | None:
    """The strategy in the form that is stored; `field` is where it is in the input.

    Raises:
        ValidationFailed: it has parts that the stored form cannot hold. All else is not checked yet.
    """
    if given is None:
        return None
    if found := [
        problem for index, wave in enumerate(given.waves) for problem in _problems(wave, (field, "waves", str(index)))
    ]:
        raise all_invalid(found)
    reasons = [Ending.CHECK_FAILED] if given.roll_back_on is None else given.roll_back_on
    return {
        "waves": [_wave(wave) for wave in given.waves],
        "maxUnavailable": given.max_unavailable,
        "onNewer": given.on_newer.value,
        "rollBackOn": [reason.value for reason in reasons],
    }


def _problems(given: WaveInput, path: tuple[str, ...]) -> Iterator[Problem]:
    if given.count is not None and given.percent is not None:
        yield Problem((*path, "percent"), "A wave has either a count or a percentage.")
    has_approval = False
    for place, gate in enumerate(given.before or ()):
        if gate.approval is None and gate.check is None:
            yield Problem((*path, "before", str(place)), "Must have an approval or a check.")
        if gate.approval is not None and has_approval:
            message = "A wave has at most one approval; `required` is the number of users who must approve."
            yield Problem((*path, "before", str(place), "approval"), message)
        has_approval |= gate.approval is not None


def _wave(given: WaveInput) -> dict[str, Any]:
    size = "100%" if given.percent is None else f"{given.percent}%"
    gates = list(enumerate(given.before or ()))
    place, approval = next(((place, gate.approval) for place, gate in gates if gate.approval is not None), (0, None))
    return {
        "name": given.name,
        "select": stored_selector(given.select) if given.select is not None else {},
        "size": size if given.count is None else str(given.count),
        "maxConcurrent": given.max_concurrent,
        "maxFailures": given.max_failures,
        "maxDeferred": given.max_deferred,
        "soak": given.soak,
        "deadline": given.deadline,
        "minReady": given.min_ready,
        "approvals": {
            "required": approval.required,
            "role": approval.role.value if approval.role is not None else None,
            "validFor": approval.valid_for,
            PLACE: place,
        }
        if approval is not None
        else None,
        "checksBefore": [stored_check(gate.check) | {PLACE: place} for place, gate in gates if gate.check is not None],
        "checks": [stored_check(check) for check in given.checks or ()],
    }
