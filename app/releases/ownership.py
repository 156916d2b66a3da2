"""Whose a release is, and whose run has left it unfinished: known from what was written down before each Helm run of
ours, whatever Helm said when it ended.

An intent names the revision that a run is to make. It holds until a look at the member tells what became of the run: it
ends when that revision has an end, when another one came after it, or when there is no release any more.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.releases.release import Observed, masked

Mark = Callable[[Any], str]
Unfinished = tuple[int, str]
"""A revision, and Helm's word for its status."""


class Owner(StrEnum):
    """Whose a release is, and who may be at work on it."""

    STRANGERS = "STRANGERS"  # we never installed it
    OURS = "OURS"  # nobody is at work on it, or a run of ours was, and has ended
    LOCKED = "LOCKED"  # it is ours, and somebody else's Helm is at work on it, or died at it


@dataclass(frozen=True, slots=True)
class Intent:
    """What a Helm run of ours is about to do. `action` and `since` are kept for people to read.

    `revision` is the one that it makes, or removes; `digest` that of the release that it writes, where values at
    `paths` are masked. `is_first` says that no run of ours had touched the name before. `inherited` is an unfinished
    revision of an earlier run of ours, which this one is to clear. `counts` says that the run makes a revision or runs
    hooks, and that its worker has not written down how it ended."""

    action: str
    generation: int
    since: str
    revision: int
    digest: str = ""
    paths: tuple[str, ...] = ()
    is_first: bool = False
    is_atomic: bool = False
    inherited: Unfinished | None = None
    counts: bool = False

    @classmethod
    def of(cls, stored: dict[str, Any]) -> "Intent":
        inherited = stored.get("inherited")
        return cls(
            action=stored["action"],
            generation=stored.get("generation", 0),
            since=stored.get("since", ""),
            revision=stored.get("revision", 0),  # none in what an older version wrote
            digest=stored.get("digest", ""),
            paths=tuple(stored.get("paths", ())),
            is_first=stored.get("is_first", False),
            is_atomic=stored.get("is_atomic", False),
            inherited=(inherited[0], inherited[1]) if inherited else None,
            counts=stored.get("counts", False),
        )

    @property
    def rolls_back(self) -> bool:
        """Whether the run makes one more revision if it fails."""
        return self.is_atomic and self.action == "UPGRADE"

    def has_begun(self, observed: Observed | None) -> bool:
        """Whether the release is no longer as this run has found it."""
        if self.action == "UNINSTALL":
            return observed is None or observed.revision != self.revision or observed.status == "uninstalling"
        return observed is not None and observed.revision >= self.revision

    def has_left(self, observed: Observed, mark: Mark) -> bool:
        """Whether an unfinished revision is one that this run has left, or was to clear."""
        found = (observed.revision, observed.status)
        if found == self.inherited:
            return True
        if found == (self.revision, "uninstalling"):
            return self.action == "UNINSTALL" or self.is_atomic
        if found == (self.revision + 1, "pending-rollback"):
            return self.rolls_back
        written = {"INSTALL": "pending-install", "UPGRADE": "pending-upgrade"}.get(self.action)
        return found == (self.revision, written) and self.has_written(observed, mark)

    def has_written(self, observed: Observed, mark: Mark) -> bool:
        """Whether a revision holds what this run was to write. One that can't be read may."""
        if observed.revision != self.revision:
            return False
        return not observed.is_readable or masked(observed, self.paths, mark).digest.hex() == self.digest


@dataclass(frozen=True, slots=True)
class Claim:
    """What is known of whose a release is: whether it is `ours`, and the last run whose result is not known yet. That
    run has ended: who holds the lease of a target knows that no earlier run of ours can write any more."""

    ours: bool = False
    intent: Intent | None = None

    def after(self, observed: Observed | None, mark: Mark = str) -> "Claim":
        """What is known after a look at the release."""
        intent = self.intent
        if intent is None:
            return self
        if observed is None:
            return Claim(self.ours and not intent.is_first)
        if observed.is_unfinished and intent.has_left(observed, mark):
            return self
        return Claim(self.ours and (not intent.is_first or intent.has_written(observed, mark)))

    def owner(self, observed: Observed | None) -> Owner:
        """Whose the release is that was just looked at (`after`)."""
        if not self.ours:
            return Owner.STRANGERS
        if observed is None or not observed.is_unfinished:
            return Owner.OURS
        return Owner.LOCKED if self.intent is None else Owner.OURS


def intent_for(
    action: str,
    observed: Observed | None,
    claim: Claim,
    *,
    generation: int,
    since: str,
    digest: bytes | None,
    paths: Iterable[str],
    is_atomic: bool,
    counts: bool,
) -> Intent:
    """The intent of a run that is about to begin on what was just looked at."""
    present = observed.revision if observed else 0
    is_unfinished = observed is not None and observed.is_unfinished and claim.owner(observed) is Owner.OURS
    return Intent(
        action=action,
        generation=generation,
        since=since,
        revision=present if action == "UNINSTALL" else present + 1,
        digest=digest.hex() if digest else "",
        paths=tuple(paths),
        is_first=not claim.ours,
        is_atomic=is_atomic,
        inherited=(present, observed.status) if observed and is_unfinished else None,
        counts=counts,
    )
