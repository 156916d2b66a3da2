"""The services of use cases about service definitions."""

from dataclasses import dataclass

from app.core.services import Services
from app.sandbox.pool import Pool


@dataclass(frozen=True, kw_only=True)
class CatalogServices(Services):
    """`catalog` checks service definitions."""

    catalog: Pool
