"""The services that reading charts needs."""

from dataclasses import dataclass

from app.charts.archives import Archives
from app.charts.download import Downloader
from app.core.services import Services


@dataclass(frozen=True, kw_only=True)
class ChartServices(Services):
    archives: Archives
    downloader: Downloader
