"""The moment of use: the one place where values of secrets are put into what Helm gets."""

from itertools import chain

from app.releases.references import place, texts_at
from app.releases.scrubbing import Scrubber
from app.releases.values import Values
from app.secrets.queries import opened
from app.services import Services
from app.targets.sightings import Sighting
from app.targets.work import Work


def exposed_values(services: Services, found: Work) -> Values:
    """What is wanted, with values of secrets in place of their marks.

    Raises:
        KeyRingError: where a secret can't be decrypted.
    """
    assert found.desired is not None
    references = found.desired.references.values()
    needed = {reference.secret for reference in references}
    kept = {secret.name: opened(services.key_ring, secret) for secret in found.secrets if secret.name in needed}
    return place(found.desired.values, ((one.steps, kept[one.secret][one.key]) for one in references))


def scrubber_of(found: Work, seen: Sighting, values: Values | None = None) -> Scrubber:
    """Takes out of Helm's words what is at the places of secrets: in the release that was seen, and in these values."""
    paths = found.target.secret_paths
    installed = seen.release.values if seen.release else {}
    return Scrubber(chain(texts_at(values or {}, paths), texts_at(installed, paths)))
