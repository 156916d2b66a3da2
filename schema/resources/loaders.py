"""Loaders of resources: each reads what the same field of many objects needs in one query."""

from app.resources.drift import differences_of, shared_differences
from app.tables.resources import HealthRule
from schema.loading import by_id, existing

shared_differences_by_deployment = existing(shared_differences)
differences_by_target = existing(differences_of)
health_rule_by_id = by_id(HealthRule)
