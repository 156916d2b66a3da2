"""Approvals and rejections of waves."""

from app.core.errors import Conflict, Forbidden, NotFound, all_invalid
from app.core.names import text_problem
from app.core.services import Services
from app.delivery.codes import RolloutCode, RolloutEvent
from app.delivery.steering import Steered, steering
from app.identity.permissions import Permission
from app.identity.viewer import Viewer
from app.rollouts.states import OPEN, WaveState
from app.tables.identity import Role
from app.tables.rollouts import GateDecision, Rollout, RolloutWave
from app.tables.states import PlanVerdict

_LONGEST = 500


async def decide_on_wave(
    services: Services,
    viewer: Viewer,
    rollout_id: int,
    wave: int,
    verdict: PlanVerdict,
    digest: str,
    comment: str | None,
) -> Rollout:
    """Approves or rejects a wave for the plan with this digest. The last decision of a user counts. A rejection aborts
    the rollout.

    Raises:
        UserError: the caller is the author or lacks the role, the wave needs no approval or has begun, or the digest is
            not that of the rollout's plan.
    """
    if comment and (problem := text_problem(comment, "comment", what="A comment", longest=_LONGEST)):
        raise all_invalid([problem])
    async with steering(services, viewer, rollout_id, Permission.ROLLOUTS_APPROVE) as steered:
        row = steered.row
        steered.check(OPEN)
        name = await _check(steered, wave)
        if digest != row.plan_digest:
            message = "The rollout has another plan by now: look at it again."
            raise Conflict(RolloutCode.ROLLOUT_DIGEST, message, ("digest",))
        if row.author_id == viewer.user_id:
            raise Forbidden(RolloutCode.WAVE_OWN, "The author of a change cannot approve or reject its waves.")
        steered.transaction.session.add(
            GateDecision(
                rollout_id=row.id,
                wave=wave,
                plan_digest=digest,
                user_id=viewer.user_id,
                author=viewer.name,
                verdict=verdict,
                comment=comment or None,
            )
        )
        kind = RolloutEvent.APPROVED if verdict is PlanVerdict.APPROVED else RolloutEvent.REJECTED
        steered.record(kind, f"{viewer.name} {verdict.lower()} the wave {name} of {steered.name}.", wave=name)
        return row


async def _check(steered: Steered, index: int) -> str:
    """Returns the name of the wave, if the caller may decide on it."""
    row, viewer = steered.row, steered.viewer
    wave = await steered.transaction.session.get(RolloutWave, (row.id, index))
    if wave is None:
        raise NotFound(RolloutCode.WAVE_NOT_FOUND, f"The rollout has no wave {index}.", ("wave",))
    name = str(wave.rule["name"])
    rule = wave.rule["approvals"]
    if rule is None or wave.state is not WaveState.PENDING:
        message = f"The wave {name} needs no approval." if rule is None else f"The wave {name} has begun."
        raise Conflict(RolloutCode.WAVE_WITHOUT_APPROVAL, message, ("wave",))
    roles = viewer.roles(row.organization_id, group_id=steered.deployment.group_id)
    if rule["role"] is not None and Role(rule["role"]) not in roles:
        message = f"The wave {name} must be approved by users with the role {rule['role']}."
        raise Forbidden(RolloutCode.WAVE_ROLE, message)
    return name
