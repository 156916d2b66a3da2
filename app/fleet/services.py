"""The services of a process: opened once, passed explicitly, closed at the end."""

from dataclasses import dataclass

from app.catalog.services import CatalogServices
from app.events.anonymous_attempts import AnonymousAttempts
from app.identity.services import IdentityServices
from app.redis.queue import Queue
from app.steps.services import StepServices


@dataclass(frozen=True, kw_only=True)
class AllServices(IdentityServices, StepServices, CatalogServices):
    queue: Queue
    anonymous_attempts: AnonymousAttempts
