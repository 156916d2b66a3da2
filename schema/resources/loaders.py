"""What fields of many objects ask for about resources."""

from app.resources.queries import health_counts
from schema.loading import existing

health_counts_by_deployment = existing(health_counts)
