"""How many clusters one change may take away before somebody has to confirm the number."""

from collections.abc import Iterable
from dataclasses import dataclass

from app.core.errors import RemovalUnconfirmed
from app.core.names import counted, some_of
from app.deployments.codes import DeploymentCode

ALWAYS_ALLOWED = 2
"""So many clusters may leave a list without confirmation, however short it is, unless it would be empty then."""


@dataclass(frozen=True)
class Removal:
    """The clusters that a change takes out of a list, and how many clusters the list has before and after it.

    `percent` of the list may go without confirmation. `also` is a sentence about another list that loses too many by
    the same change; there is none where it is empty."""

    names: tuple[str, ...]
    before: int
    after: int
    percent: int
    also: str = ""

    @classmethod
    def between(cls, before: Iterable[str], after: Iterable[str], percent: int) -> "Removal":
        present, wanted = set(before), set(after)
        return cls(tuple(sorted(present - wanted)), len(present), len(wanted), percent)

    @property
    def count(self) -> int:
        return len(self.names)

    @property
    def needs_confirmation(self) -> bool:
        allowed = max(ALWAYS_ALLOWED, self.before * self.percent // 100)
        return self.count > allowed or (self.count > 0 and self.after == 0) or bool(self.also)

    def check(self, confirmed: int | None, what: str) -> None:
        """Refuses a removal that needs a confirmation and has none, and any that is confirmed with another number.

        `what` names the list, as in "targets of shop". A confirmation is ignored where nothing would be removed, so
        that a request can be repeated after it has succeeded.

        Raises:
            RemovalUnconfirmed: has the number and the names.
        """
        if self.count == 0 or confirmed == self.count or (confirmed is None and not self.needs_confirmation):
            return
        given = "" if confirmed is None else f" (confirmRemoval is {confirmed})"
        raise RemovalUnconfirmed(
            DeploymentCode.REMOVAL_UNCONFIRMED,
            f"This removes {self.count} of {counted(self.before, 'cluster')} from the {what}{given}:"
            f" {some_of(self.names)}.{self.also} To confirm it, repeat the request with confirmRemoval: {self.count}.",
            ("confirmRemoval",),
            removed=self.count,
            clusters=list(self.names),
        )
