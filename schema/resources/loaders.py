"""Loaders of resources: each reads what the same field of many objects needs in one query."""

from app.resources.drift import differences_of, drift_counts, shared_differences
from app.resources.queries import health_counts
from app.tables.resources import HealthRule
from schema.loading import by_id, existing

health_counts_by_deployment = existing(health_counts)
drift_counts_by_deployment = existing(drift_counts)
shared_differences_by_deployment = existing(shared_differences)
differences_by_target = existing(differences_of)
health_rule_by_id = by_id(HealthRule)
