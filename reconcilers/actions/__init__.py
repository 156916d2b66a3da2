"""One action, one module. Each does one thing to one release; the intent is written before and the outcome after."""

import asyncio
import time

from app.errors import ActionError
from app.helm.command import MARGIN_SECONDS
from app.helm.failure import NAME_TAKEN
from app.releases.plan import Plan, ReleaseAction
from app.releases.release import Observed
from app.services import Services
from app.targets import work
from app.targets.work import Work
from reconcilers.actions.install import install
from reconcilers.actions.rollback import rollback
from reconcilers.actions.uninstall import uninstall
from reconcilers.actions.upgrade import upgrade
from reconcilers.actions.validation import KnownManifests
from reconcilers.metrics import ACTION_SECONDS


async def perform(
    services: Services, manifests: KnownManifests, found: Work, step: Plan, observed: Observed | None
) -> None:
    """Does a step of a plan.

    Raises:
        ActionError: with Helm's words.
    """
    chart = await services.archives.file(found.archive.digest)
    # An atomic action that fails is followed by a rollback, which has the same time again.
    runs = 2 if found.deployment.atomic else 1
    await work.intend(services, found, step.action, runs * (found.deployment.timeout_seconds + MARGIN_SECONDS))
    began = time.monotonic()
    try:
        if step.action is ReleaseAction.INSTALL:
            await install(services, manifests, found, chart)
        elif step.action is ReleaseAction.UPGRADE:
            await upgrade(services, manifests, found, chart)
        elif step.action is ReleaseAction.ROLLBACK:
            assert observed is not None
            await rollback(services, found, observed)
        else:
            await uninstall(services, found)
    except BaseException as error:
        # Helm has ended, whatever it was that ended it, our own shutdown included.
        taken = isinstance(error, ActionError) and error.code == NAME_TAKEN
        await asyncio.shield(work.ended(services, found, well=False, ours=not taken))
        raise
    finally:
        ACTION_SECONDS.labels(step.action).observe(time.monotonic() - began)
    await work.ended(services, found, well=True)
