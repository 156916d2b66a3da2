"""What a target with open work is doing: the phase of its run, or what it waits for."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, bindparam, select
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.facts import columns_of, fact, read
from app.releases.hook import Hook
from app.releases.status import Reason
from app.tables.columns import now
from app.tables.deployments import Deployment
from app.tables.operations import Operation, OperationResult
from app.tables.states import OperationState
from app.tables.targets import Target
from app.targets.joins import OPEN_RESULT
from app.targets.leases import HOLDS_SLOT, UNHELD
from app.targets.waits import waits_of


class ActivityPhase(StrEnum):
    QUEUED = "QUEUED"  # a worker takes it as soon as one is free
    WAITING_FOR_SLOT = "WAITING_FOR_SLOT"  # the cluster has the maximum number of runs
    WAITING_FOR_RUN = "WAITING_FOR_RUN"  # an earlier run on the target has to end first
    WAITING_FOR_WINDOW = "WAITING_FOR_WINDOW"  # no change window lets it move now
    WAITING_FOR_DEPENDENCY = "WAITING_FOR_DEPENDENCY"  # another target has to be ready first
    RETRYING = "RETRYING"  # it failed and will be retried
    VALIDATING = "VALIDATING"  # the chart is rendered and validated
    APPLYING = "APPLYING"  # objects are written
    HOOK = "HOOK"  # a hook runs
    WAITING = "WAITING"  # Helm waits for objects to become ready, or to be gone
    CANCELLING = "CANCELLING"  # Helm is being terminated


@dataclass(frozen=True, slots=True)
class Occupant:
    """A run that holds a slot on a cluster."""

    deployment_id: int
    release_name: str
    namespace: str
    operation_id: int | None


@dataclass(frozen=True, slots=True)
class Activity:
    phase: ActivityPhase
    operation_id: int
    since: datetime
    until: datetime | None = None
    hook: Hook | None = None
    waits_for: tuple[Occupant, ...] = ()
    reason: str | None = None
    needs: tuple[Reason, ...] = ()

    @property
    def message(self) -> str:
        limit = f" (limit {self.until:%H:%M:%S} UTC)" if self.until else ""
        since = f"since {self.since:%H:%M:%S} UTC{limit}"
        if self.phase is ActivityPhase.HOOK:
            return f"Running the {self.hook} {since}."
        if self.phase is ActivityPhase.WAITING_FOR_SLOT:
            names = ", ".join(sorted({found.release_name for found in self.waits_for}))
            return f"Waiting for a slot on the cluster, held by {names}."
        if self.phase is ActivityPhase.WAITING_FOR_WINDOW:
            return waiting_for_window(self.reason, self.until)
        if self.phase is ActivityPhase.WAITING_FOR_DEPENDENCY:
            return " ".join(need.message for need in self.needs)
        if self.phase is ActivityPhase.RETRYING:
            return f"Trying again at {self.until:%H:%M:%S} UTC."
        return f"{_WORDS[self.phase]} {since}." if self.phase in _LASTING else f"{_WORDS[self.phase]}."


def waiting_for_window(reason: str | None, until: datetime | None) -> str:
    """Says why a move waits for a change window, and until when."""
    opens = f"at {until:%Y-%m-%d %H:%M} UTC" if until else "in more than a year"
    return f"Waiting for a change window, which opens {opens}. {reason or ''}".rstrip()


_WORDS = {
    ActivityPhase.QUEUED: "Waiting for a worker",
    ActivityPhase.WAITING_FOR_RUN: "Waiting for an earlier run on this cluster to end",
    ActivityPhase.VALIDATING: "Rendering and validating the chart",
    ActivityPhase.APPLYING: "Applying the chart",
    ActivityPhase.WAITING: "Waiting for resources to become ready or to be deleted,",
    ActivityPhase.CANCELLING: "Cancelling: Helm is being stopped",
}
_LASTING = (ActivityPhase.VALIDATING, ActivityPhase.APPLYING, ActivityPhase.WAITING)


@dataclass(frozen=True, slots=True)
class _ActivityFacts:
    target_id: int = fact(col(Target.id))
    cluster_id: int = fact(col(Target.cluster_id))
    is_held: bool = fact(~UNHELD)
    wanted: bool = fact(col(Target.wanted))
    endpoints: list[dict[str, Any]] = fact(col(Target.endpoints))
    waits_for: list[str] = fact(col(Target.waits_for))
    reported: dict[str, Any] | None = fact(col(Target.activity))
    retry_at: datetime | None = fact(col(Target.retry_at))
    window: dict[str, Any] | None = fact(col(Target.window))
    operation_id: int = fact(col(Operation.id))
    created_at: datetime = fact(col(Operation.created_at))
    cancelled_at: datetime | None = fact(col(Operation.cancelled_at))
    state: OperationState = fact(col(OperationResult.state))
    started_at: datetime | None = fact(col(OperationResult.started_at))


_FACTS: Select[*tuple[Any, ...]] = (
    select(*columns_of(_ActivityFacts))
    .join(OperationResult, OPEN_RESULT)
    .join(Operation, col(Operation.id) == OperationResult.operation_id)
    .where(col(Target.id).in_(bindparam("ids", expanding=True)))
)
_OCCUPANTS = (
    select(
        col(Target.cluster_id),
        col(Deployment.id),
        col(Deployment.release_name),
        col(Deployment.namespace),
        col(OperationResult.operation_id),
    )
    .join(Deployment, col(Deployment.id) == Target.deployment_id)
    .join(OperationResult, OPEN_RESULT, isouter=True)
    .where(col(Target.cluster_id).in_(bindparam("ids", expanding=True)), HOLDS_SLOT)
    .order_by(col(Deployment.release_name))
)


def stored(reported: Activity) -> dict[str, Any]:
    """The activity that a run reports, in the form stored with the target."""
    return {
        "phase": reported.phase,
        "since": reported.since.isoformat(),
        "until": reported.until.isoformat() if reported.until else None,
        "hook": asdict(reported.hook) if reported.hook else None,
    }


async def activities(session: AsyncSession, ids: Sequence[int], slots: int) -> dict[int, Activity]:
    """The activity of each target with open work. `slots` is the maximum number of runs on one cluster."""
    rows = await session.execute(_FACTS, {"ids": list(ids)})
    facts = read(_ActivityFacts, rows.mappings())
    queued = {found.cluster_id for found in facts if not found.is_held}
    occupants: dict[int, list[Occupant]] = defaultdict(list)
    if queued:
        for cluster_id, *occupant in await session.execute(_OCCUPANTS, {"ids": list(queued)}):
            occupants[cluster_id].append(Occupant(*occupant))
    return {found.target_id: _activity(found, occupants, slots) for found in facts}


def _activity(facts: _ActivityFacts, occupants: Mapping[int, Sequence[Occupant]], slots: int) -> Activity:
    if facts.cancelled_at is not None:
        return Activity(ActivityPhase.CANCELLING, facts.operation_id, facts.cancelled_at)
    if facts.is_held and facts.state is OperationState.PENDING:
        return Activity(ActivityPhase.WAITING_FOR_RUN, facts.operation_id, facts.created_at)
    if facts.is_held:
        return _running(facts)
    if facts.window is not None:
        since, until = datetime.fromisoformat(facts.window["since"]), facts.window["until"]
        opens = datetime.fromisoformat(until) if until else None
        return Activity(
            ActivityPhase.WAITING_FOR_WINDOW, facts.operation_id, since, opens, reason=facts.window["reason"]
        )
    if needs := waits_of(facts):
        return Activity(ActivityPhase.WAITING_FOR_DEPENDENCY, facts.operation_id, facts.created_at, needs=needs)
    if facts.retry_at is not None and facts.retry_at > now():
        return Activity(
            ActivityPhase.RETRYING, facts.operation_id, facts.started_at or facts.created_at, facts.retry_at
        )
    holders = occupants.get(facts.cluster_id, ())
    if len(holders) >= slots:
        return Activity(ActivityPhase.WAITING_FOR_SLOT, facts.operation_id, facts.created_at, waits_for=tuple(holders))
    return Activity(ActivityPhase.QUEUED, facts.operation_id, facts.created_at)


def _running(facts: _ActivityFacts) -> Activity:
    if facts.reported is None:
        since = facts.started_at or facts.created_at
        return Activity(ActivityPhase.APPLYING, facts.operation_id, since)
    hook, until = facts.reported["hook"], facts.reported["until"]
    return Activity(
        ActivityPhase(facts.reported["phase"]),
        facts.operation_id,
        datetime.fromisoformat(facts.reported["since"]),
        datetime.fromisoformat(until) if until else None,
        Hook(hook["kind"], hook["name"], hook["namespace"], tuple(hook["events"])) if hook else None,
    )
