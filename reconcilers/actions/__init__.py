"""One action, one module. Each does one thing to one release; the intent is written before and the outcome after."""

import time

from app.errors import ActionError
from app.helm.refusal import LOST_RACE
from app.releases.plan import Plan, ReleaseAction
from app.services import Services
from app.targets import work
from app.targets.sightings import Sighting
from app.targets.work import Work
from reconcilers.actions.install import install
from reconcilers.actions.rollback import rollback
from reconcilers.actions.uninstall import uninstall
from reconcilers.actions.upgrade import upgrade
from reconcilers.actions.validation import KnownManifests
from reconcilers.metrics import ACTION_SECONDS


async def perform(services: Services, manifests: KnownManifests, found: Work, step: Plan, seen: Sighting) -> str:
    """Does a step of a plan that was made from what was seen; gives Helm's words. How it ended well is seen by looking
    again; until that is written down, the intent stays.

    Raises:
        ActionError: with Helm's words.
    """
    was_claimed = found.target.claimed
    chart = await services.archives.file(found.archive.digest)
    # A run ends with its lease; as long as that is ours, nobody asks for how long.
    await work.intend(services, found, step.action, services.settings.lease_seconds, seen)
    began = time.monotonic()
    try:
        if step.action is ReleaseAction.INSTALL:
            output = await install(services, manifests, found, chart, seen)
        elif step.action is ReleaseAction.UPGRADE:
            output = await upgrade(services, manifests, found, chart, seen)
        elif step.action is ReleaseAction.ROLLBACK:
            output = await rollback(services, found, seen)
        else:
            output = await uninstall(services, found)
    except BaseException as error:
        # Helm has ended, whatever it was that ended it, our own shutdown included.
        taken = isinstance(error, ActionError) and error.code == LOST_RACE and not error.wrote
        work.helm_ended(found, well=False, ours=was_claimed or not taken)
        raise
    finally:
        ACTION_SECONDS.labels(step.action).observe(time.monotonic() - began)
    work.helm_ended(found, well=True)
    return output
