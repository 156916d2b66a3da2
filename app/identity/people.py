"""People as other systems know them, and what their groups there give them here."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from app.identity.permissions import covers
from app.tables.identity import Role, Source

_NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")
_LONGEST_NAME = 63


@dataclass(frozen=True)
class Person:
    """Somebody as their source knows them. `subject` is theirs for good, within the issuer."""

    source: Source
    issuer: str
    subject: str
    name: str
    groups: frozenset[str]


@dataclass(frozen=True)
class Grants:
    """What groups give: roles, by group and organization, and who administers the installation. An organization that no
    group gives a role in is left to its admins, and so is the installation where `admins` is empty."""

    roles: Mapping[str, Mapping[str, Role]] = field(default_factory=dict)
    admins: frozenset[str] = frozenset()

    @property
    def organizations(self) -> frozenset[str]:
        return frozenset(organization for given in self.roles.values() for organization in given)

    def roles_of(self, groups: Iterable[str]) -> dict[str, Role]:
        """The highest role that these groups give, by organization."""
        found: dict[str, Role] = {}
        for group in groups:
            for organization, role in self.roles.get(group, {}).items():
                if organization not in found or covers(role, found[organization]):
                    found[organization] = role
        return found


def grants_of(roles: Mapping[str, Mapping[str, str]], admins: Iterable[str]) -> Grants:
    """Those of the settings."""
    given = {group: {name: Role(role) for name, role in found.items()} for group, found in roles.items()}
    return Grants(given, frozenset(admins))


def name_of(claimed: str) -> str:
    """A user's name from what somebody is called elsewhere: `Carol@example.com` is `carol-example-com`."""
    return _NOT_IN_NAMES.sub("-", claimed.lower()).strip("-")[:_LONGEST_NAME].rstrip("-")
