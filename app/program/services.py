"""Opens the services that a process uses, and closes them at the end."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

from app.automation.advancing import PROGRAM as WORKFLOW_STEPS
from app.automation.checked import PROGRAM as WORKFLOWS
from app.catalog.checked import PROGRAM as SERVICES
from app.charts.archives import Archives, Bucket
from app.charts.download import Downloader
from app.charts.value_schema import PROGRAM as SCHEMAS
from app.checks.client import CheckClient
from app.clusters.members import Members
from app.core.background import Background
from app.core.database import Database
from app.core.encryption import KeyRing
from app.core.fingerprints import Fingerprints
from app.core.limiter import Limiter, share
from app.core.settings import Settings
from app.core.transaction import transaction
from app.deployments.evaluation import PROGRAM as EXPRESSIONS
from app.durable.executor import Executor
from app.events.anonymous_attempts import AnonymousAttempts
from app.events.feed import Feed
from app.events.tampering import Tampering
from app.fleet.services import AllServices
from app.helm.binary import find_helm
from app.helm.command import Helm
from app.helm.slots import HelmSlots
from app.identity.passwords import Passwords
from app.network.addresses import Policies
from app.redis.notifications import EVENTS, Notifications
from app.redis.queue import Queue
from app.redis.rates import Rates, record_suspension
from app.resources.custom_rules import PROGRAM as HEALTH_RULES
from app.resources.services import LIVE_READS, LOG_STREAMS
from app.sandbox.limits import Limits
from app.sandbox.pool import Pool

if TYPE_CHECKING:
    from app.identity.directory import Directory


class _Closable(Protocol):
    async def close(self) -> None: ...


_Service = TypeVar("_Service", bound=_Closable)


def key_ring(settings: Settings) -> KeyRing:
    """The key ring from the settings, or else the one in the data directory.

    Raises:
        KeyRingError: if it is malformed.
    """
    if settings.encryption_keys is not None:
        return KeyRing.parse(settings.encryption_keys.get_secret_value())
    return KeyRing.kept_in(settings.data_dir)


def _directory(settings: Settings) -> "Directory | None":
    if settings.ldap_url is None:
        return None
    from app.identity.directory import Directory  # ldap3 is slow to import

    return Directory(settings)


def _archives(settings: Settings, database: Database) -> Archives:
    return Archives(database, settings.cache / "charts", Bucket(settings) if settings.s3_bucket else None)


def _downloader(settings: Settings, policies: Policies) -> Downloader:
    return Downloader(
        policies.users,
        settings.is_plain_http,
        connections=settings.repository_connections,
        most=settings.organization_repository_connections,
        seconds=settings.repository_timeout,
    )


def _helm(settings: Settings) -> Helm:
    limits = Limits(settings.helm_memory_bytes, settings.helm_cpu_seconds)
    slots = HelmSlots(settings.helm_concurrency, settings.helm_waiting, settings.organization_share)
    return Helm(find_helm(settings.helm), settings.cache, limits, slots)


def _opened(stack: AsyncExitStack, service: _Service) -> _Service:
    """The service, which the stack closes at the end."""
    stack.push_async_callback(service.close)
    return service


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[AllServices]:
    """Opens all services for a process whose settings name a database and a Redis."""
    assert settings.database_url is not None
    assert settings.redis_url is not None
    percent = settings.organization_share
    shared = partial(share, percent=percent)
    policies, ring = Policies(settings.allowed), key_ring(settings)
    sandbox = partial(
        Pool,
        processes=settings.schema_processes,
        seconds=settings.schema_cpu_seconds,
        memory=settings.schema_memory_bytes,
    )
    async with AsyncExitStack() as stack:
        opened = partial(_opened, stack)
        database = opened(Database(settings.database_url, pool_size=settings.database_pool_size, percent=percent))
        queue = opened(Queue(settings.redis_url))
        notifications = opened(Notifications(settings.redis_url, EVENTS))
        fingerprints = Fingerprints(database, ring)
        begin = partial(transaction, database, queue, notifications, fingerprints)
        tampering = opened(Tampering(begin))
        ring.on_tampering = tampering.note
        helm = _helm(settings)
        stack.callback(helm.close)
        passwords = Passwords()
        stack.callback(passwords.close)
        directory = _directory(settings)
        if directory is not None:
            stack.callback(directory.close)
        yield AllServices(
            settings=settings,
            database=database,
            queue=queue,
            notifications=notifications,
            feed=Feed(database, notifications, most=settings.subscriptions, percent=percent),
            anonymous_attempts=opened(AnonymousAttempts(begin)),
            key_ring=ring,
            fingerprints=fingerprints,
            members=opened(Members(ring, policies.clusters, timeout=settings.member_timeout)),
            live_reads=Limiter("live_reads", LIVE_READS, each=shared(LIVE_READS), waiting=4 * LIVE_READS),
            log_streams=Limiter("log_streams", LOG_STREAMS, each=shared(LOG_STREAMS)),
            archives=opened(_archives(settings, database)),
            downloader=opened(_downloader(settings, policies)),
            check_client=opened(CheckClient(policies.users, settings.is_plain_http, percent=percent)),
            helm=helm,
            schemas=opened(sandbox(SCHEMAS)),
            expressions=opened(sandbox(EXPRESSIONS, name="expressions")),
            health_rules=opened(sandbox(HEALTH_RULES, name="health_rules")),
            workflows=opened(sandbox(WORKFLOWS, name="workflows")),
            catalog=opened(sandbox(SERVICES, name="services")),
            workflow_steps=opened(sandbox(WORKFLOW_STEPS, name="workflow_steps")),
            executor=Executor(settings.database_url),
            passwords=passwords,
            directory=directory,
            rates=opened(Rates(settings.redis_url, partial(record_suspension, begin))),
            background=opened(Background()),
        )
