"""Rolls a release back to its last good revision, to clear what an interrupted run has left pending."""

from app.errors import PermanentError
from app.releases.release import Observed
from app.services import Services
from app.targets.work import Work
from reconcilers.actions.place import options_of, place_of

_GOOD = ("deployed", "superseded")  # the one that was deployed last, and those before it


async def rollback(services: Services, found: Work, observed: Observed) -> None:
    """Raises PermanentError where there is no revision to go back to."""
    member = services.members.of(found.cluster)
    listing = await member.heads(namespace=observed.namespace, name=observed.name)
    good = [head for head in listing.heads if head.status in _GOOD and head.revision < observed.revision]
    if not good:
        raise PermanentError(
            "nothing_to_roll_back_to",
            f"Revision {observed.revision} is {observed.status}, and no earlier one was ever deployed: uninstall the"
            " release with helm, then reconcile.",
        )
    best = max(good, key=lambda head: (head.status == "deployed", head.revision))
    await services.helm.rollback(place_of(services, found), best.revision, options_of(found))
