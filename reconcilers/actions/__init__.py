"""Actions on releases. `perform` takes a step for a release: the next one that it needs, the correction of its objects,
or the API migration of its record."""

import time
from functools import partial

from app.fleet.services import AllServices
from app.operations import work
from app.operations.work import Work
from app.releases.release import Desired
from app.releases.step import Recovery, ReleaseAction, ReleaseStep
from app.targets.sightings import Sighting
from reconcilers.actions.action import Action, Task
from reconcilers.actions.correction import CorrectObjects
from reconcilers.actions.deployment import Deploy
from reconcilers.actions.marking import MarkFailed
from reconcilers.actions.migration import MigrateRecord
from reconcilers.actions.removal import Uninstall
from reconcilers.actions.validation import KnownManifests
from reconcilers.metrics import ACTION_SECONDS


def action_of(step: ReleaseStep, manifests: KnownManifests) -> Action:
    """The action that takes a step."""
    if step.action is ReleaseAction.CORRECTION:
        return CorrectObjects()
    if step.action is ReleaseAction.API_MIGRATION:
        return MigrateRecord()
    if step.recovery is Recovery.MARK_FAILED:
        return MarkFailed()
    if step.runs is ReleaseAction.UNINSTALL:
        return Uninstall()
    return Deploy(manifests, exists=step.runs is ReleaseAction.UPGRADE)


async def perform(
    services: AllServices,
    manifests: KnownManifests,
    found: Work,
    step: ReleaseStep,
    seen: Sighting,
    wanted: Desired | None,
    *,
    counts: bool,
) -> str | None:
    """Takes a step that was derived from the observation `seen` and the `wanted` release; returns Helm's output, or
    what a correction or a migration has done. After a run of Helm, the caller has to look at the release again to know
    whether the step succeeded; until then, the intent stays. `counts` says that the step makes a revision or runs
    hooks.

    Raises:
        ActionError: if the step fails; has Helm's output.
    """
    action = action_of(step, manifests)
    begin = partial(work.intend, services, found, step.runs, seen, wanted, counts=counts)
    task = Task(services, found, seen, begin, hooks=step.hooks and not found.operation.skip_hooks)
    if step.runs is ReleaseAction.NONE:
        return await action.perform(task)
    began = time.monotonic()
    try:
        return await action.perform(task)
    finally:
        ACTION_SECONDS.labels(step.runs).observe(time.monotonic() - began)
