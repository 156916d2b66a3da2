"""The services that step functions use."""

from dataclasses import dataclass

from app.automation.services import WorkflowServices
from app.checks.services import CheckServices


@dataclass(frozen=True, kw_only=True)
class StepServices(CheckServices, WorkflowServices):
    pass
