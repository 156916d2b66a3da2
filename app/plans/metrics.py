"""The metric of stored plans."""

from prometheus_client import Counter

PLANS = Counter(
    "polyhelm_plans_total",
    "Stored plans, by what happened: stored, applied, discarded, or outdated (refused because something had changed).",
    ["outcome"],
)
