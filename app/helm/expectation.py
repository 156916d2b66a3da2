"""Determines which revision a run of Helm may write. Pure.

Helm looks at the release itself and takes the next revision number. Another Helm may have written that revision since
Polyhelm looked: the run would then write the one after it, over a change that no one planned for. If it were killed
there, the unfinished revision would not be the one that the intent names. For this reason, a run writes the revision of
its intent, or nothing.
"""

from dataclasses import dataclass

from app.helm.request import Request


@dataclass(frozen=True, slots=True)
class Expectation:
    """`revision` is the one that the run makes, or the newest one for an uninstall. A run that `rolls_back` when it
    fails makes one more."""

    revision: int
    rolls_back: bool = False

    def allows(self, request: Request) -> bool:
        """Whether a request writes no release record of an unplanned revision. Requests that change or delete older
        records are allowed: Helm marks older revisions as superseded and removes them."""
        written = request.revision
        if written is None:
            return True
        last = self.revision + 1 if self.rolls_back else self.revision
        return written <= last and (request.method != "POST" or written >= self.revision)
