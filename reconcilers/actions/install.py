"""Installs a release where there is none."""

from pathlib import Path

from app.services import Services
from app.targets.work import Work
from reconcilers.actions.place import options_of, place_of
from reconcilers.actions.validation import KnownManifests


async def install(services: Services, manifests: KnownManifests, found: Work, chart: Path) -> None:
    assert found.desired is not None
    async with manifests.checked_once(found) as validate:
        await services.helm.install(
            place_of(services, found), chart, found.desired.values, options_of(found, validate=validate)
        )
