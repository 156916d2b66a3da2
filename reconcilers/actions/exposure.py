"""The only place where values of secrets are put into the values for Helm."""

from itertools import chain

from app.core.threads import in_thread
from app.fleet.services import AllServices
from app.operations.work import Work
from app.releases.references import place, texts_at
from app.releases.scrubbing import NOTHING, Scrubber
from app.releases.values import Values
from app.secrets.queries import opened
from app.targets.sightings import read_history


def exposed_values(services: AllServices, found: Work) -> Values:
    """The wanted values, with the values of secrets in place of their marks.

    Raises:
        KeyRingError: if a secret cannot be decrypted.
    """
    assert found.desired is not None
    references = found.desired.references.values()
    needed = {reference.secret for reference in references}
    kept = {secret.name: opened(services.key_ring, secret) for secret in found.secrets if secret.name in needed}
    return place(found.desired.values, ((one.segments, kept[one.secret][one.key]) for one in references))


async def scrubber_of(services: AllServices, found: Work, values: Values | None = None) -> Scrubber:
    """A scrubber that removes values of secrets from Helm's output: those at the places of secrets in these values and
    in the revisions of the release on the member, to one of which Helm may roll back.

    Raises:
        TemporaryError: if the member cannot be read.
    """
    paths = found.target.secret_paths
    if not paths:
        return NOTHING
    member = services.members.of(found.cluster)
    revisions = await read_history(member, found.deployment.namespace, found.deployment.release_name)
    texts = chain.from_iterable(texts_at(held, paths) for held in (values or {}, *(one.values for one in revisions)))
    return await in_thread(Scrubber, list(texts))
