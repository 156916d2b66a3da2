"""The services that step functions use."""

from dataclasses import dataclass

from app.automation.services import WorkflowServices
from app.checks.services import CheckServices
from app.events.feed import Feed


@dataclass(frozen=True, kw_only=True)
class StepServices(CheckServices, WorkflowServices):
    feed: Feed
