"""Counts at the members, and not in what Polyhelm has stored, how many of them are unavailable."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from simulator import Member

_RECORD = "helm.sh/release.v1"
_COUNTED = {("", "secrets"), ("apps", "deployments")}


def works(member: Member) -> bool:
    """Whether the newest revision of the member's release is deployed, and its Deployment is ready with it."""
    labels = [each["metadata"]["labels"] for each in member.objects("secrets") if each["type"] == _RECORD]
    newest = max(labels, key=lambda found: int(found["version"]), default=None)
    if newest is None or newest["status"] != "deployed":
        return False
    return all(
        each.get("status", {}).get("observedGeneration") == each["metadata"]["generation"]
        and each["status"].get("readyReplicas") == each["spec"]["replicas"]
        for each in member.objects("deployments", "apps")
    )


@dataclass
class Availability:
    """Looks at a member at each write on it, once it follows the members. `begun` is called when a Helm begins to
    upgrade a release."""

    members: Mapping[str, Member]
    budget: int
    begun: Callable[[], None]
    unavailable: set[str] = field(default_factory=set)
    most: int = 0
    excess: list[list[str]] = field(default_factory=list)
    """The unavailable members at each moment at which there were more of them than the budget allows."""

    def follow(self) -> None:
        for member in self.members.values():
            member.written = self._look

    def _look(self, name: str, kind: tuple[str, str], *_: object) -> None:
        if kind not in _COUNTED:
            return
        before = len(self.unavailable)
        if works(self.members[name]):
            self.unavailable.discard(name)
        else:
            self.unavailable.add(name)
        if len(self.unavailable) > before:
            self.most = max(self.most, len(self.unavailable))
            if len(self.unavailable) > self.budget:
                self.excess.append(sorted(self.unavailable))
            self.begun()
