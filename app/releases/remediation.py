"""The remediation of a deployment: how often a failed run of Helm is repeated, and what follows the last failure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

MOST_RETRIES = 10


class Remedy(StrEnum):
    NOTHING = "NOTHING"
    ROLLBACK = "ROLLBACK"  # the target returns to its last verified generation
    UNINSTALL = "UNINSTALL"


@dataclass(frozen=True, slots=True)
class Failure:
    """The last failure of a target to get a generation.

    `converged` is the generation that the target last had, and `verified` its last verified one. `was_deployed` says
    that a release has worked before."""

    generation: int
    converged: int | None
    was_deployed: bool
    verified: int | None = None


@dataclass(frozen=True, slots=True)
class Remediation:
    """`retries` is how often a failed run is repeated, `remedy` what follows the last failure."""

    retries: int = 0
    remedy: Remedy = Remedy.NOTHING

    @classmethod
    def of_json(cls, stored: Mapping[str, Any] | None) -> "Remediation":
        return cls(stored["retries"], Remedy(stored["remedy"])) if stored else cls()

    def as_json(self) -> dict[str, Any]:
        return {"retries": self.retries, "remedy": self.remedy.value}

    def after(self, failure: Failure) -> Remedy:
        """What is done after a failure.

        Nothing, if the target has had the generation before, or the failure is that of a return to a verified one. A
        release that has never worked is uninstalled if there is no generation to return to."""
        if failure.generation == failure.converged or failure.generation <= (failure.verified or 0):
            return Remedy.NOTHING
        if self.remedy is Remedy.ROLLBACK and failure.verified is None:
            return Remedy.NOTHING if failure.was_deployed else Remedy.UNINSTALL
        return self.remedy
