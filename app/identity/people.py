"""People at an identity provider, and the roles that their groups there give in Polyhelm."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from app.identity.permissions import covers
from app.tables.identity import Role, Source

_NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")
_LONGEST_NAME = 63


@dataclass(frozen=True)
class Person:
    """A person at an identity provider. `subject` identifies them permanently within the issuer."""

    source: Source
    issuer: str
    subject: str
    name: str
    groups: frozenset[str]


@dataclass(frozen=True)
class Grants:
    """The roles that groups give, by group and organization, and the groups of administrators.

    Organizations in which no group gives a role are managed by their admins. If `admins` is empty, so is the
    installation.
    """

    roles: Mapping[str, Mapping[str, Role]] = field(default_factory=dict)
    admins: frozenset[str] = frozenset()

    @property
    def organizations(self) -> frozenset[str]:
        return frozenset(organization for given in self.roles.values() for organization in given)

    def roles_of(self, groups: Iterable[str]) -> dict[str, Role]:
        """Returns the highest role that these groups give in each organization."""
        found: dict[str, Role] = {}
        for group in groups:
            for organization, role in self.roles.get(group, {}).items():
                if organization not in found or covers(role, found[organization]):
                    found[organization] = role
        return found


def name_of(claimed: str) -> str:
    """Derives a user name from the name at an identity provider: `Carol@example.com` becomes `carol-example-com`."""
    return _NOT_IN_NAMES.sub("-", claimed.lower()).strip("-")[:_LONGEST_NAME].rstrip("-")
