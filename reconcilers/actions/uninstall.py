"""Removes a release, with its history."""

from app.services import Services
from app.targets.work import Work
from reconcilers.actions.place import options_of, place_of


async def uninstall(services: Services, found: Work, *, hooks: bool) -> str:
    return await services.helm.uninstall(place_of(services, found), options_of(found, hooks=hooks))
