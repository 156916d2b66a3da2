"""The services that measuring checks needs."""

from dataclasses import dataclass

from app.checks.client import CheckClient
from app.deployments.services import DeploymentServices
from app.resources.services import ResourceServices


@dataclass(frozen=True, kw_only=True)
class CheckServices(DeploymentServices, ResourceServices):
    check_client: CheckClient
