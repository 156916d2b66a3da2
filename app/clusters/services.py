"""The services of use cases that send requests to member clusters."""

from dataclasses import dataclass

from app.clusters.members import Members
from app.core.services import Services


@dataclass(frozen=True, kw_only=True)
class ClusterServices(Services):
    members: Members
