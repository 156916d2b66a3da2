"""The services of use cases that plan and run Helm."""

from dataclasses import dataclass

from app.charts.services import ChartServices
from app.clusters.services import ClusterServices
from app.core.background import Background
from app.helm.command import Helm
from app.sandbox.pool import Pool


@dataclass(frozen=True, kw_only=True)
class DeploymentServices(ClusterServices, ChartServices):
    """`schemas` validates values in child processes, `expressions` evaluates expressions in them."""

    helm: Helm
    schemas: Pool
    expressions: Pool
    background: Background
