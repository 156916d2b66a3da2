"""What fields of many objects ask for about resources."""

from app.resources.drift import differences_of, drift_counts, shared_differences
from app.resources.queries import health_counts
from schema.loading import existing

health_counts_by_deployment = existing(health_counts)
drift_counts_by_deployment = existing(drift_counts)
shared_differences_by_deployment = existing(shared_differences)
differences_by_target = existing(differences_of)
