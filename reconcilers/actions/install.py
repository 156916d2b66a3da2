"""Installs a release where there is none."""

from dataclasses import replace
from pathlib import Path

from app.fleet.services import AllServices
from app.operations.work import Work
from reconcilers.actions.exposure import exposed_values, scrubber_of
from reconcilers.actions.place import options_of, place_of
from reconcilers.actions.validation import KnownManifests


async def install(services: AllServices, manifests: KnownManifests, found: Work, chart: Path, *, hooks: bool) -> str:
    values = exposed_values(services, found)
    scrubber = await scrubber_of(services, found, values)
    # Helm asks to create a namespace that exists as well, which a service account of a namespace may not.
    is_there = found.account is not None and await _has_namespace(services, found)
    async with manifests.checked_once(found) as validate:
        options = options_of(found, hooks=hooks, validate=validate, scrubber=scrubber)
        options = replace(options, create_namespace=not is_there)
        return await services.helm.install(place_of(services, found), chart, values, options)


async def _has_namespace(services: AllServices, found: Work) -> bool:
    return await services.members.of(found.cluster).has_namespace(found.deployment.namespace)
