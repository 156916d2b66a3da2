"""The services of a process: opened once, passed explicitly, closed at the end."""

from dataclasses import dataclass

from app.automation.services import WorkflowServices
from app.catalog.services import CatalogServices
from app.checks.services import CheckServices
from app.events.anonymous_attempts import AnonymousAttempts
from app.events.feed import Feed
from app.identity.services import IdentityServices
from app.redis.queue import Queue


@dataclass(frozen=True, kw_only=True)
class AllServices(IdentityServices, CheckServices, WorkflowServices, CatalogServices):
    queue: Queue
    feed: Feed
    anonymous_attempts: AnonymousAttempts
