"""Approvals and rejections of a wave. They are given for the digest of a plan."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.rollouts.strategy import Approvals


@dataclass(frozen=True, slots=True)
class WaveDecision:
    """What a user decided on a wave of a plan."""

    wave: int
    plan_digest: str
    user: int
    is_approval: bool
    at: datetime


def approving(
    rule: Approvals,
    decisions: Sequence[WaveDecision],
    *,
    wave: int,
    plan_digest: str,
    author: int | None,
    now: datetime,
) -> set[int]:
    """The users whose approval of the wave counts now.

    The author's does not count, nor one for another plan or one that has expired. The newest decision of a user counts.
    """
    return {
        user
        for user, decision in _newest(decisions, wave, plan_digest).items()
        if decision.is_approval and user != author and now < decision.at + rule.valid
    }


def is_rejected(decisions: Sequence[WaveDecision], *, wave: int, plan_digest: str) -> bool:
    return any(not decision.is_approval for decision in _newest(decisions, wave, plan_digest).values())


def _newest(decisions: Sequence[WaveDecision], wave: int, plan_digest: str) -> dict[int, WaveDecision]:
    """The newest decision of each user on the wave of this plan."""
    found = (each for each in decisions if each.wave == wave and each.plan_digest == plan_digest)
    return {each.user: each for each in sorted(found, key=lambda each: each.at)}
