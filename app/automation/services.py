"""The services of use cases about workflows."""

from dataclasses import dataclass

from app.core.services import Services
from app.sandbox.pool import Pool


@dataclass(frozen=True, kw_only=True)
class WorkflowServices(Services):
    """`workflows` checks definitions."""

    workflows: Pool
