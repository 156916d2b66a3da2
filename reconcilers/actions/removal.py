"""Uninstalls a release, with its history."""

from dataclasses import dataclass

from reconcilers.actions.action import Task
from reconcilers.actions.exposure import scrubber_of
from reconcilers.actions.run_options import options_of, place_of


@dataclass(frozen=True)
class Uninstall:
    async def perform(self, task: Task) -> str:
        services, work = task.services, task.work
        options = options_of(work, hooks=task.hooks, scrubber=await scrubber_of(services, work))
        await task.begin()
        return await services.helm.uninstall(place_of(services, work), options)
