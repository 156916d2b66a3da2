"""The manifests' objects of releases that were compared last, for all members of a process."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.clusters.member import Member
from app.core.threads import in_thread
from app.drift.wanted import wanted_objects
from app.releases.references import texts_at
from app.releases.release import Observed
from app.releases.scrubbing import NOTHING, Scrubber
from app.resources.comparing import at_place, by_place
from app.resources.drift import Compared
from app.resources.seen import Key
from app.targets.sightings import read_release

_MOST_TEXT = 8 * 2**20
"""The maximum number of characters of all manifests that are kept."""


@dataclass(frozen=True)
class WantedObjects:
    """The objects of one release. `secrets` are the values of secrets that the release was given."""

    namespace: str
    objects: Mapping[tuple[str, str, str, str], Mapping[str, Any]]
    secrets: Sequence[str]
    size: int

    def at(self, key: Key) -> Mapping[str, Any] | None:
        return at_place(self.objects, key, self.namespace)

    async def scrubber(self) -> Scrubber:
        return await in_thread(Scrubber, self.secrets) if self.secrets else NOTHING


async def wanted_by(observed: Observed, secret_paths: Sequence[str]) -> WantedObjects:
    """The objects of a release, from its record."""
    return await in_thread(_wanted_by, observed, secret_paths)


def _wanted_by(observed: Observed, secret_paths: Sequence[str]) -> WantedObjects:
    objects = by_place(wanted_objects(observed.manifest, observed.name, observed.namespace), observed.namespace)
    secrets = list(texts_at(observed.values, secret_paths)) if secret_paths else []
    return WantedObjects(observed.namespace, objects, secrets, len(observed.manifest))


class WantedCache:
    """Fetches each record once as long as it is used. The number of characters that are kept is bounded."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[int, str], WantedObjects] = OrderedDict()
        self._size = 0

    async def of(self, member: Member, compared: Compared) -> WantedObjects | None:
        """The objects of a target's release; None if there is no longer a readable record of it.

        Raises:
            ActionError: if the member cannot be asked.
        """
        key = compared.target_id, compared.version
        if (found := self._kept.get(key)) is not None:
            self._kept.move_to_end(key)
            return found
        observed = await read_release(member, compared.head) if compared.head is not None else None
        if observed is None or not observed.is_readable:
            return None
        found = self._kept[key] = await wanted_by(observed, compared.secret_paths)
        self._size += found.size
        while self._size > _MOST_TEXT and len(self._kept) > 1:
            self._size -= self._kept.popitem(last=False)[1].size
        return found
