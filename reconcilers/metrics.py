"""Metrics of the worker and the observer."""

from prometheus_client import Counter, Gauge, Histogram

ACTIONS = Counter(
    "polyhelm_actions_total",
    "Actions of Helm and changes without Helm, by action and outcome.",
    ["action", "outcome"],
)
ACTION_SECONDS = Histogram(
    "polyhelm_action_seconds",
    "Duration of actions of Helm and changes without Helm, in seconds.",
    ["action"],
    buckets=(0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800),
)
OBSERVATIONS = Counter("polyhelm_observations_total", "Checks of clusters, by outcome.", ["outcome"])
COMPARISONS = Counter(
    "polyhelm_drift_comparisons_total", "Comparisons of live objects with manifests, by result.", ["outcome"]
)
CORRECTIONS = Counter(
    "polyhelm_drift_corrections_total",
    "Objects that a correction has checked, by outcome: set_back, created, equal, changed (during the correction),"
    " refused.",
    ["outcome"],
)
WAITING = Gauge("polyhelm_waiting_targets", "Targets with open work that no worker has started.")
JOBS = Counter(
    "polyhelm_job_attempts_total",
    "Attempts of jobs, by job and outcome: done, retried, failed (the last attempt), lost (the lease).",
    ["job", "outcome"],
)
WAITING_JOBS = Gauge("polyhelm_waiting_jobs", "Jobs that are due and not taken by a worker.")
FAILED_JOBS = Gauge("polyhelm_failed_jobs", "Jobs that failed in all their attempts, within the last seven days.")
WATCHED = Gauge("polyhelm_watched_members", "Clusters that this process watches.")
ABANDONED = Gauge(
    "polyhelm_abandoned_releases", "Releases that were left behind on clusters and are no longer managed."
)
EXPIRING = Gauge(
    "polyhelm_expiring_credentials",
    "Clusters whose credentials have expired, or expire within POLYHELM_CREDENTIALS_WARNING.",
)
