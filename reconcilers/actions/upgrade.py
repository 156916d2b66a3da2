"""Upgrades a release to what is wanted: another chart version, other values, or the same again after a failure."""

from pathlib import Path

from app.fleet.services import AllServices
from app.operations.work import Work
from reconcilers.actions.exposure import exposed_values, scrubber_of
from reconcilers.actions.place import options_of, place_of
from reconcilers.actions.validation import KnownManifests


async def upgrade(services: AllServices, manifests: KnownManifests, found: Work, chart: Path, *, hooks: bool) -> str:
    values = exposed_values(services, found)
    scrubber = await scrubber_of(services, found, values)
    async with manifests.checked_once(found) as validate:
        options = options_of(found, hooks=hooks, validate=validate, scrubber=scrubber)
        return await services.helm.upgrade(place_of(services, found), chart, values, options)
