"""Deployments: plans, workers, Helm and clusters."""

import os
from pathlib import Path

from pydantic import Field

from app.core.settings.group import Seconds, SettingsGroup


class DeploymentSettings(SettingsGroup):
    max_removal: int = Field(
        25,
        ge=0,
        le=100,
        description="The percentage of a deployment's targets, or of a group's members, that one update may remove"
        " without `confirmRemoval`. Two may always be removed; removing all of them always needs it.",
    )
    plan_wait: float = Field(
        20,
        ge=0,
        description="How long a request waits for the plan of a dry run, in seconds; at most half of"
        " POLYHELM_OPERATION_TIMEOUT. A longer plan continues in the background, and the query"
        " `planProgress` returns it.",
    )
    plan_lifetime: Seconds = Field(
        7 * 86_400,
        description="How long a stored plan can be applied, in seconds, unless the request gives an earlier time.",
    )
    worker_concurrency: int = Field(
        100,
        ge=1,
        description="The maximum number of targets that one worker processes at once. Most of them wait for a cluster.",
    )
    lease_seconds: Seconds = Field(
        30,
        description="How long a target stays leased to a worker that died, in seconds. A worker renews its leases"
        " three times in this time.",
    )
    sweep_every: Seconds = Field(5, description="How often a worker looks for work whose wake-up was lost, in seconds.")
    retry_base: Seconds = Field(
        1, description="The longest pause before the first retry after a temporary failure, in seconds."
    )
    retry_cap: Seconds = Field(300, description="The longest pause between retries, in seconds.")
    helm: Path | None = Field(
        None,
        description="The path of the Helm binary. Default: `helm` on the PATH if its version is at least 3.18.4, else"
        " the bundled binary.",
    )
    helm_concurrency: int = Field(
        4 * (os.cpu_count() or 1),
        ge=1,
        description="The maximum number of Helm processes that one worker runs at once, without those counted by"
        " POLYHELM_HELM_WAITING.",
    )
    helm_waiting: int = Field(
        50,
        ge=0,
        description="The maximum number of Helm processes of one worker that run hooks or wait for readiness without"
        " counting towards POLYHELM_HELM_CONCURRENCY.",
    )
    helm_memory_bytes: int = Field(
        2**30,
        ge=2**28,
        description="The memory limit of one Helm process, in bytes. A typical process needs a fifth of the default.",
    )
    helm_cpu_seconds: int = Field(
        60,
        ge=1,
        description="The CPU time limit of one Helm process, in seconds. A typical process needs less than a second.",
    )
    helm_retries: int = Field(
        2,
        ge=0,
        description="How often a failed action is repeated if each attempt creates a Helm revision or runs hooks. An"
        " action that changed nothing is repeated until it succeeds.",
    )
    cluster_concurrency: int = Field(
        4,
        ge=1,
        description="The maximum number of actions on one cluster at once, across all workers, without those counted"
        " by POLYHELM_CLUSTER_WAITING.",
    )
    cluster_waiting: int = Field(
        32,
        ge=0,
        description="The maximum number of actions on one cluster that run hooks or wait for readiness without"
        " counting towards POLYHELM_CLUSTER_CONCURRENCY.",
    )
    cluster_releases: int = Field(
        10_000,
        ge=1,
        description="The maximum number of releases of one cluster that are followed and listed. Releases of"
        " deployments are always followed. If a cluster has more releases, its reachability message reports it.",
    )
    member_timeout: Seconds = Field(
        10, description="How long Polyhelm waits for an answer of a cluster's API server, in seconds."
    )
    unreachable_after: Seconds = Field(
        15, description="How long a cluster can be unreachable before its targets become UNKNOWN, in seconds."
    )
    confirm_every: Seconds = Field(
        60,
        description="How often the status of every target is confirmed, in seconds. A status that was not confirmed"
        " for three times as long becomes UNKNOWN.",
    )
    credentials_warning: float = Field(
        14 * 24 * 3600,
        ge=0,
        description="How long before the expiry of a cluster's credentials an event warns about it, in seconds.",
    )
