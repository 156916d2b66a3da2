"""One action, one module. Each does one thing to one release; the intent is written before and the outcome after."""

import time

from app.fleet.services import AllServices
from app.operations import work
from app.operations.work import Work
from app.releases.release import Desired
from app.releases.step import Recovery, ReleaseAction, Step
from app.targets.leases import LeaseFence
from app.targets.sightings import Sighting
from reconcilers.actions.install import install
from reconcilers.actions.marking import mark_failed
from reconcilers.actions.place import member_of
from reconcilers.actions.uninstall import uninstall
from reconcilers.actions.upgrade import upgrade
from reconcilers.actions.validation import KnownManifests
from reconcilers.metrics import ACTION_SECONDS


async def perform(
    services: AllServices,
    manifests: KnownManifests,
    found: Work,
    step: Step,
    seen: Sighting,
    wanted: Desired | None,
    *,
    counts: bool,
) -> str | None:
    """Does a step that was worked out from what was seen and what is `wanted`; gives Helm's words. How it ended is seen
    by looking again; until then, the intent stays. `counts` says that the step makes a revision or runs hooks.

    Raises:
        ActionError: with Helm's words.
    """
    if step.recovery is Recovery.MARK_FAILED:
        await mark_failed(member_of(services, found), LeaseFence(services, found.lease), seen)
        return None
    chart = await services.archives.file(found.archive.digest)
    await work.intend(services, found, step.runs, seen, wanted, counts=counts)
    hooks = step.hooks and not found.operation.skip_hooks
    began = time.monotonic()
    try:
        if step.runs is ReleaseAction.INSTALL:
            return await install(services, manifests, found, chart, hooks=hooks)
        if step.runs is ReleaseAction.UPGRADE:
            return await upgrade(services, manifests, found, chart, hooks=hooks)
        return await uninstall(services, found, hooks=hooks)
    finally:
        ACTION_SECONDS.labels(step.runs).observe(time.monotonic() - began)
