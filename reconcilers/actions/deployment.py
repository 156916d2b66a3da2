"""Installs a release, or upgrades it: to another chart version, to other values, or unchanged after a failure.

The two differ in two ways. Only an upgrade keeps the release's history, and only an install creates its namespace.
"""

from dataclasses import dataclass, replace

from reconcilers.actions.action import Task
from reconcilers.actions.definitions import replace_definitions
from reconcilers.actions.exposure import exposed_values, scrubber_of
from reconcilers.actions.run_options import options_of, place_of
from reconcilers.actions.validation import KnownManifests


@dataclass(frozen=True)
class Deploy:
    """`exists` says that there is a release to upgrade."""

    manifests: KnownManifests
    exists: bool

    async def perform(self, task: Task) -> str:
        services, work = task.services, task.work
        chart = await services.archives.file(work.archive.digest)
        values = exposed_values(services, work)
        scrubber = await scrubber_of(services, work, values)
        creates_namespace = not self.exists and await self._creates_namespace(task)
        definitions = await replace_definitions(task, values)
        await task.begin()
        async with self.manifests.checked_once(work) as validate:
            options = options_of(work, hooks=task.hooks, validate=validate, scrubber=scrubber)
            options = replace(options, create_namespace=creates_namespace)
            place = place_of(services, work)
            output = await services.helm.deploy(place, chart, values, options, exists=self.exists)
            return "\n".join(filter(None, (definitions, output)))

    async def _creates_namespace(self, task: Task) -> bool:
        # Helm tries to create even a namespace that exists, which a service account of a namespace may not do.
        if task.work.account is None:
            return True
        member = task.services.members.of(task.work.cluster)
        return not await member.has_namespace(task.work.deployment.namespace)
