"""Limits how many clusters one change may remove without a confirmation of their number."""

from collections.abc import Iterable
from dataclasses import dataclass

from app.core.errors import RemovalUnconfirmed
from app.core.names import counted, some_of
from app.deployments.codes import DeploymentCode

ALWAYS_ALLOWED = 2
"""Up to this many clusters may be removed from any list without confirmation, unless that would empty the list."""


@dataclass(frozen=True)
class Removal:
    """The clusters that a change removes from a list, and the number of clusters in the list before and after it.

    `percent` of the list may be removed without confirmation. `also` is a sentence about other lists that lose too many
    clusters by the same change; it is empty if there are none."""

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
        """Refuses a removal that lacks a needed confirmation, or that is confirmed with another number.

        `what` names the list, as in "targets of shop". A confirmation is ignored if nothing would be removed, so
        that a request can be repeated after it has succeeded.

        Raises:
            RemovalUnconfirmed: has the number and the names of the clusters.
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
