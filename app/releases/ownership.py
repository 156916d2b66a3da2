"""Determines who owns a release, and whose Helm run left it unfinished. The answer rests on the intent that Polyhelm
records before each of its Helm runs, not on what Helm reports when it ends.

An intent names the revision that a run will make. It stays valid until an observation of the member shows the outcome
of the run: that revision has completed, a later one follows it, or the release no longer exists.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.releases.release import Observed, masked

Mark = Callable[[Any], str]
Unfinished = tuple[int, str]
"""A revision and its status as Helm writes it."""


class Owner(StrEnum):
    """Who owns a release, and whether another Helm may be working on it."""

    OTHER = "OTHER"  # Polyhelm never installed it
    OURS = "OURS"  # Polyhelm owns it; no Helm is working on it, or a run of Polyhelm left it unfinished and has ended
    LOCKED = "LOCKED"  # Polyhelm owns it; another Helm is working on it, or was interrupted


@dataclass(frozen=True, slots=True)
class Intent:
    """What a Helm run of Polyhelm is about to do. `since` is for people to read.

    `revision` is the one that the run makes or removes. `digest` is the digest of the release that it writes, with the
    values at `paths` masked. `is_first` is True if no earlier run of Polyhelm has touched the release name. `inherited`
    is an unfinished revision of an earlier run of Polyhelm, which this run is to clear. `counts` is True if the run
    makes a revision or runs hooks, and its worker has not recorded how it ended."""

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
            revision=stored.get("revision", 0),  # absent from intents of older versions
            digest=stored.get("digest", ""),
            paths=tuple(stored.get("paths", ())),
            is_first=stored.get("is_first", False),
            is_atomic=stored.get("is_atomic", False),
            inherited=(inherited[0], inherited[1]) if inherited else None,
            counts=stored.get("counts", False),
        )

    @property
    def rolls_back(self) -> bool:
        """Whether the run makes another revision, the rollback, if it fails."""
        return self.is_atomic and self.action == "UPGRADE"

    def has_begun(self, observed: Observed | None) -> bool:
        """Whether the release has changed since this run found it."""
        if self.action == "UNINSTALL":
            return observed is None or observed.revision != self.revision or observed.status == "uninstalling"
        return observed is not None and observed.revision >= self.revision

    def has_left(self, observed: Observed, mark: Mark) -> bool:
        """Whether this run left the unfinished revision, or was to clear it."""
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
        """Whether a revision holds what this run was to write. A revision that cannot be read counts as holding it."""
        if observed.revision != self.revision:
            return False
        return not observed.is_readable or masked(observed, self.paths, mark).digest.hex() == self.digest


@dataclass(frozen=True, slots=True)
class Claim:
    """What is known about the owner of a release: whether it is Polyhelm (`ours`), and the intent of the last run whose
    outcome is not known yet. That run has ended: the holder of a target's lease knows that no earlier run of Polyhelm
    can still write."""

    ours: bool = False
    intent: Intent | None = None

    def after(self, observed: Observed | None, mark: Mark = str) -> "Claim":
        """The claim after an observation of the release."""
        intent = self.intent
        if intent is None:
            return self
        if observed is None:
            return Claim(self.ours and not intent.is_first)
        if observed.is_unfinished and intent.has_left(observed, mark):
            return self
        return Claim(self.ours and (not intent.is_first or intent.has_written(observed, mark)))

    def owner(self, observed: Observed | None) -> Owner:
        """The owner of an observed release. Call it on the claim that `after` returns for the same observation."""
        if not self.ours:
            return Owner.OTHER
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
    """The intent of a run that is about to start from this observation."""
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
