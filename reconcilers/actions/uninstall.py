"""Removes a release, with its history."""

from app.fleet.services import AllServices
from app.operations.work import Work
from reconcilers.actions.exposure import scrubber_of
from reconcilers.actions.place import options_of, place_of


async def uninstall(services: AllServices, found: Work, *, hooks: bool) -> str:
    options = options_of(found, hooks=hooks, scrubber=await scrubber_of(services, found))
    return await services.helm.uninstall(place_of(services, found), options)
