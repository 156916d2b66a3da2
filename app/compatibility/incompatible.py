"""What a version of Kubernetes breaks: the objects whose API version it deprecates or no longer serves."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import NamedTuple

from app.releases.inventory import Reference
from app.yaml.reading import read

DATA = Path(__file__).with_name("apis.yaml")

_VERSION = re.compile(r"v?(\d{1,4})\.(\d{1,4})(?:[.+-].*)?", re.DOTALL)


class Minor(NamedTuple):
    """A minor version of Kubernetes."""

    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


class ApiState(StrEnum):
    DEPRECATED = "DEPRECATED"
    REMOVED = "REMOVED"


@dataclass(frozen=True, slots=True)
class Api:
    """A deprecated API version of a kind. `removed` is None while no version is known that does not serve it. `use` is
    the API version that replaces it from the version `since`, None where none does."""

    deprecated: Minor
    removed: Minor | None
    use: str | None
    since: Minor | None

    def state_in(self, version: Minor) -> ApiState | None:
        """What a version of Kubernetes does with it; None for a version in which it is as any other."""
        if self.removed is not None and version >= self.removed:
            return ApiState.REMOVED
        return ApiState.DEPRECATED if version >= self.deprecated else None


@dataclass(frozen=True, slots=True)
class Incompatibility:
    """An object and what becomes of its API version."""

    object: Reference
    state: ApiState
    api: Api

    def replacement_in(self, version: Minor) -> "Replacement | None":
        """What replaces the API version; of a removed one, what the version of Kubernetes serves in its place."""
        if self.state is ApiState.REMOVED:
            return replacement(self.object.api_version, self.object.kind, version)
        return Replacement(self.api.use, self.api.since) if self.api.use and self.api.since else None


@dataclass(frozen=True, slots=True)
class Table:
    """The known APIs, by API version and kind. `checked` is the day on which they were compared with their sources, and
    `through` the last version of Kubernetes whose removals they have."""

    checked: date
    through: Minor
    apis: Mapping[tuple[str, str], Api]


def minor_of(version: str) -> Minor:
    """The minor version in a version as a cluster or a user writes it: `1.32`, `v1.32.1`, `v1.29.4-gke.1`.

    Raises:
        ValueError: if it is not a version.
    """
    match = _VERSION.fullmatch(version.strip())
    if match is None:
        raise ValueError(f"{version[:50]!r} is not a version of Kubernetes, such as 1.32")
    return Minor(int(match[1]), int(match[2]))


def incompatible(objects: Iterable[Reference], version: Minor) -> list[Incompatibility]:
    """The objects whose API version this version of Kubernetes does not serve, then those whose API version it has
    deprecated; in their order otherwise."""
    apis = known_apis().apis
    found = []
    for each in objects:
        api = apis.get((each.api_version, each.kind))
        if api is not None and (state := api.state_in(version)) is not None:
            found.append(Incompatibility(each, state, api))
    return sorted(found, key=lambda each: each.state is ApiState.DEPRECATED)


@dataclass(frozen=True, slots=True)
class Replacement:
    """The API version that a version of Kubernetes serves in place of a removed one, and the first version that serves
    it."""

    api_version: str
    since: Minor


def replacement(api_version: str, kind: str, version: Minor) -> Replacement | None:
    """What replaces an API version of a kind that a version of Kubernetes does not serve; None if nothing does. A
    replacement that the version does not serve either is replaced in turn."""
    apis = known_apis().apis
    found = None
    while (api := apis.get((api_version, kind))) is not None and api.state_in(version) is ApiState.REMOVED:
        if api.use is None or api.since is None:
            return None
        api_version = api.use
        found = Replacement(api.use, api.since)
    return found


@cache
def known_apis() -> Table:
    """The shipped table."""
    held = read(DATA.read_bytes())
    apis = {
        (entry["api"], kind): Api(
            minor_of(entry["deprecated"]),
            minor_of(entry["removed"]) if "removed" in entry else None,
            entry.get("use"),
            minor_of(entry["since"]) if "since" in entry else None,
        )
        for entry in held["apis"]
        for kind in entry["kinds"]
    }
    return Table(date.fromisoformat(held["checked"]), minor_of(held["through"]), apis)
