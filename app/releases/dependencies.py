"""Whether a release has to wait for the release of another deployment on the same cluster. Pure."""

from dataclasses import dataclass
from typing import Any

from app.health.health import Health
from app.releases.status import TargetStatus

VARIABLES = ("target", "cluster")
"""The names that a condition may use: the other deployment's target, and the cluster."""


@dataclass(frozen=True, slots=True)
class Other:
    """The target of the other deployment on the cluster."""

    status: TargetStatus
    health: Health
    chart_version: str | None = None
    revision: int | None = None

    def as_json(self) -> dict[str, Any]:
        """The variable `target`."""
        return {
            "status": self.status.value,
            "health": self.health.value,
            "chartVersion": self.chart_version,
            "revision": self.revision,
        }

    @property
    def is_ready(self) -> bool:
        """What is needed of it without a condition."""
        return self.status is TargetStatus.DEPLOYED and self.health is Health.HEALTHY


@dataclass(frozen=True, slots=True)
class Need:
    """A release needs the one of another deployment on a cluster. `other` is None if it does not target the cluster."""

    deployment: str
    cluster: str
    other: Other | None
    condition: str | None = None

    @property
    def question(self) -> tuple[str, dict[str, Any]] | None:
        """The condition to evaluate, with its variables; None if there is nothing to evaluate."""
        if self.condition is None or self.other is None:
            return None
        return self.condition, {"target": self.other.as_json(), "cluster": {"name": self.cluster}}


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of a condition, for the target as it was then: whether it holds, or why it has no result."""

    other: Other
    holds: bool
    problem: str | None = None

    @classmethod
    def of(cls, other: Other, result: Any, problem: str | None = None) -> "Answer":
        if problem is None and not isinstance(result, bool):
            problem = "the result is not a boolean"
        return cls(other, result is True, problem)


def wait_for(need: Need, answer: Answer | None = None) -> str | None:
    """What a release waits for, as a sentence; None if it need not wait. `answer` is known for a condition that was
    evaluated."""
    at = f"Waiting for {need.deployment} on {need.cluster}"
    if need.other is None:
        return f"Waiting for {need.deployment}, which has no target on {need.cluster}."
    if need.condition is None:
        if need.other.is_ready:
            return None
        return f"{at}, which is {need.other.status.value} and {need.other.health.value}."
    if answer is None or answer.other != need.other:
        return f"{at}: the condition {need.condition} is being checked."
    if answer.problem is not None:
        return f"{at}: the condition {need.condition} has no result: {answer.problem}."
    return None if answer.holds else f"{at}: the condition {need.condition} is not met."


def wait_for_removal(dependent: str, cluster: str) -> str:
    """What the removal of a release waits for, while another release depends on it."""
    return f"Waiting until {dependent}, which depends on it, is removed from {cluster}."
