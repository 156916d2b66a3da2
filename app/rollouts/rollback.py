"""A rollback: which targets go back to which generation, and in which order."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.rollouts.progress import RolloutState

LATEST = timedelta(minutes=20)
"""A failure that is older than this is not rolled back automatically: operators may already work on it."""


@dataclass(frozen=True, slots=True)
class Rollback:
    """The generation to which each target goes back, and the waves in which they do. Targets in `left` have no
    generation that was verified, and stay as they are."""

    generations: Mapping[int, int]
    waves: tuple[tuple[int, ...], ...]
    left: tuple[int, ...]


def rollback(rollout: RolloutState, verified: Mapping[int, int]) -> Rollback:
    """Rolls back the targets that have moved, each to its own last verified generation, the last wave first."""
    moved = [target for target, member in rollout.members.items() if member.moved_at is not None]
    generations = {target: verified[target] for target in moved if target in verified}
    waves = [
        tuple(target for target in generations if rollout.members[target].wave == index)
        for index in reversed(range(len(rollout.waves)))
    ]
    left = tuple(target for target in moved if target not in verified)
    return Rollback(generations, tuple(wave for wave in waves if wave), left)


def is_automatic(*, failed_at: datetime, now: datetime, is_rollback: bool) -> bool:
    """Whether a failed rollout is rolled back without a person: not if it was a rollback itself, and not long after."""
    return not is_rollback and now - failed_at <= LATEST
