"""Opens the services that a process uses, and closes them at the end."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from app.automation.checked import PROGRAM as WORKFLOWS
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


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[AllServices]:
    """Opens all services for a process whose settings name a database and a Redis."""
    assert settings.database_url is not None
    assert settings.redis_url is not None
    async with AsyncExitStack() as stack:
        database = Database(
            settings.database_url, pool_size=settings.database_pool_size, percent=settings.organization_share
        )
        stack.push_async_callback(database.close)
        queue = Queue(settings.redis_url)
        stack.push_async_callback(queue.close)
        notifications = Notifications(settings.redis_url, EVENTS)
        stack.push_async_callback(notifications.close)
        feed = Feed(database, notifications, most=settings.subscriptions, percent=settings.organization_share)
        ring = key_ring(settings)
        policies = Policies(settings.allowed)
        members = Members(ring, policies.clusters, timeout=settings.member_timeout)
        stack.push_async_callback(members.close)
        bucket = Bucket(settings) if settings.s3_bucket else None
        archives = Archives(database, settings.cache / "charts", bucket)
        stack.push_async_callback(archives.close)
        downloader = Downloader(
            policies.users,
            settings.is_plain_http,
            connections=settings.repository_connections,
            most=settings.organization_repository_connections,
            seconds=settings.repository_timeout,
        )
        stack.push_async_callback(downloader.close)
        check_client = CheckClient(policies.users, settings.is_plain_http, percent=settings.organization_share)
        stack.push_async_callback(check_client.close)
        limits = Limits(settings.helm_memory_bytes, settings.helm_cpu_seconds)
        helm = Helm(
            find_helm(settings.helm),
            settings.cache,
            limits,
            HelmSlots(settings.helm_concurrency, settings.helm_waiting, settings.organization_share),
        )
        stack.callback(helm.close)
        sandbox = partial(
            Pool,
            processes=settings.schema_processes,
            seconds=settings.schema_cpu_seconds,
            memory=settings.schema_memory_bytes,
        )
        schemas, expressions = sandbox(SCHEMAS), sandbox(EXPRESSIONS, name="expressions")
        health_rules = sandbox(HEALTH_RULES, name="health_rules")
        workflows = sandbox(WORKFLOWS, name="workflows")
        for pool in (schemas, expressions, health_rules, workflows):
            stack.push_async_callback(pool.close)
        shared = partial(share, percent=settings.organization_share)
        fingerprints = Fingerprints(database, ring)
        passwords = Passwords()
        stack.callback(passwords.close)
        begin = partial(transaction, database, queue, notifications, fingerprints)
        anonymous_attempts = AnonymousAttempts(begin)
        stack.push_async_callback(anonymous_attempts.close)
        tampering = Tampering(begin)
        stack.push_async_callback(tampering.close)
        ring.on_tampering = tampering.note
        directory = _directory(settings)
        if directory is not None:
            stack.callback(directory.close)
        rates = Rates(settings.redis_url, partial(record_suspension, begin))
        stack.push_async_callback(rates.close)
        background = Background()
        stack.push_async_callback(background.close)
        yield AllServices(
            settings=settings,
            database=database,
            queue=queue,
            notifications=notifications,
            feed=feed,
            anonymous_attempts=anonymous_attempts,
            key_ring=ring,
            fingerprints=fingerprints,
            members=members,
            live_reads=Limiter("live_reads", LIVE_READS, each=shared(LIVE_READS), waiting=4 * LIVE_READS),
            log_streams=Limiter("log_streams", LOG_STREAMS, each=shared(LOG_STREAMS)),
            archives=archives,
            downloader=downloader,
            check_client=check_client,
            helm=helm,
            schemas=schemas,
            expressions=expressions,
            health_rules=health_rules,
            workflows=workflows,
            passwords=passwords,
            directory=directory,
            rates=rates,
            background=background,
        )
