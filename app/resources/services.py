"""The services of queries that read live objects of releases from member clusters."""

from dataclasses import dataclass

from app.clusters.services import ClusterServices
from app.core.limiter import Limiter
from app.sandbox.pool import Pool

LIVE_READS = 32
"""Queries of a process that read live objects at once."""
LOG_STREAMS = 256
"""Containers whose logs a process follows at once, and watches of their pods."""


@dataclass(frozen=True, kw_only=True)
class ResourceServices(ClusterServices):
    """`health_rules` judges objects by rules of users, `live_reads` limits how many queries read live objects at once,
    `log_streams` the containers whose logs are followed, and the watches of their pods."""

    health_rules: Pool
    live_reads: Limiter
    log_streams: Limiter
