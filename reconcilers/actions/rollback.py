"""Rolls a release back to its last good revision, to clear what an interrupted run has left pending."""

from app.errors import PermanentError
from app.services import Services
from app.targets.sightings import Sighting
from app.targets.work import Work
from reconcilers.actions.exposure import scrubber_of
from reconcilers.actions.place import options_of, place_of

_GOOD = ("deployed", "superseded")  # the one that was deployed last, and those before it


async def rollback(services: Services, found: Work, seen: Sighting) -> str:
    """Raises PermanentError where there is no revision to go back to."""
    observed = seen.release
    assert observed is not None
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
    options = options_of(found, scrubber=scrubber_of(found, seen))
    return await services.helm.rollback(place_of(services, found), best.revision, options)
