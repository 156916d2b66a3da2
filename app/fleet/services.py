"""The services of a process: opened once, passed explicitly, closed at the end."""

from dataclasses import dataclass

from app.automation.services import WorkflowServices
from app.deployments.services import DeploymentServices
from app.events.anonymous_attempts import AnonymousAttempts
from app.events.feed import Feed
from app.identity.services import IdentityServices
from app.redis.queue import Queue
from app.resources.services import ResourceServices


@dataclass(frozen=True, kw_only=True)
class AllServices(IdentityServices, DeploymentServices, ResourceServices, WorkflowServices):
    queue: Queue
    feed: Feed
    anonymous_attempts: AnonymousAttempts
