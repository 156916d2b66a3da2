"""Which revision a run of Helm may write. Pure.

Helm looks at the release itself and takes the next number. Somebody else's Helm may have written that revision since we
looked: ours would then write the one after it, over a change that nobody has planned for, and if it were killed there,
the unfinished revision would not be the one that our intent names. So a run writes what its intent says, or nothing.
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
        """Whether a request writes no record of another revision than was planned for. Older ones are marked as
        superseded and removed."""
        written = request.revision
        if written is None:
            return True
        last = self.revision + 1 if self.rolls_back else self.revision
        return written <= last and (request.method != "POST" or written >= self.revision)
