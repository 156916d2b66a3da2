"""Approvals and rejections of a wave. They are given for the digest of a plan."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.rollouts.strategy import Approvals


@dataclass(frozen=True, slots=True)
class Decision:
    """What a user decided on a wave of a plan."""

    wave: int
    plan_digest: str
    user: int
    is_approval: bool
    at: datetime


def approving(
    rule: Approvals, decisions: Sequence[Decision], *, wave: int, plan_digest: str, author: int | None, now: datetime
) -> set[int]:
    """The users whose approval of the wave counts now.

    The author's does not count, nor one for another plan or one that has expired. The newest decision of a user counts.
    """
    newest = {decision.user: decision for decision in sorted(of_wave(decisions, wave, plan_digest), key=lambda d: d.at)}
    return {
        user
        for user, decision in newest.items()
        if decision.is_approval and user != author and now < decision.at + rule.valid
    }


def is_rejected(decisions: Sequence[Decision], *, wave: int, plan_digest: str) -> bool:
    newest = {decision.user: decision for decision in sorted(of_wave(decisions, wave, plan_digest), key=lambda d: d.at)}
    return any(not decision.is_approval for decision in newest.values())


def of_wave(decisions: Sequence[Decision], wave: int, plan_digest: str) -> list[Decision]:
    return [each for each in decisions if each.wave == wave and each.plan_digest == plan_digest]
