"""The caller of a request and its permissions. Every use case and query checks permissions here."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from app.core.errors import Forbidden, NotFound, invalid
from app.identity.codes import IdentityCode
from app.identity.permissions import PERMISSIONS, Permission, covers, permissions_of, roles_with
from app.tables.identity import Method, Role


@dataclass(frozen=True)
class OrganizationRoles:
    """The roles of a user in an organization: the one for all of it and, by the group's id, those in single groups.

    `ceiling` is the highest role of the token that the request came with: what it does not allow is not allowed."""

    organization: str
    role: Role
    groups: Mapping[int, frozenset[Role]] = field(default_factory=dict)
    ceiling: Role | None = None

    @property
    def shown_role(self) -> Role:
        """The role in the organization, or the ceiling if the role allows everything that the ceiling allows."""
        return self._capped(self.role)

    def shown_roles(self, group_id: int) -> list[Role]:
        """The roles in a group, or the ceiling in place of each role that allows everything that it allows."""
        found = {self._capped(role) for role in self.groups.get(group_id, ())}
        return [role for role in Role if role in found]

    def allows(self, permission: Permission, group_id: int | None) -> bool:
        """Whether the roles in the organization and, if one is named, in a group give a permission."""
        roles = {self.role} if group_id is None else {self.role, *self.groups.get(group_id, ())}
        capped = self.ceiling is not None and permission not in PERMISSIONS[self.ceiling]
        return not capped and permission in permissions_of(roles)

    def _capped(self, role: Role) -> Role:
        return self.ceiling if self.ceiling is not None and covers(role, self.ceiling) else role


@dataclass(frozen=True)
class Via:
    """How a caller signed in.

    `credential` is the id of the API token (with its name) or of the session. A token that is `limited` has fewer
    permissions than its user. A token that expires can only create tokens that do not outlive it.
    """

    method: Method
    credential: int
    token: str | None = None
    limited: bool = False
    expires_at: datetime | None = None

    def __str__(self) -> str:
        return f"token {self.token}" if self.token is not None else self.method.lower()


@dataclass(frozen=True)
class Viewer:
    """A signed-in user. Objects of an organization that is not in `memberships` do not exist for them."""

    user_id: int
    name: str
    admin: bool
    via: Via
    memberships: Mapping[int, OrganizationRoles] = field(default_factory=dict)  # by the organization's id

    def limited_to(self, organization_id: int | None, role: Role | None) -> "Viewer":
        """Returns the same user with a token that is limited to an organization, to a role, or to both."""
        if organization_id is None and role is None:
            return self
        memberships = {
            found_id: replace(membership, ceiling=role)
            for found_id, membership in self.memberships.items()
            if organization_id in (None, found_id)
        }
        return replace(self, admin=False, via=replace(self.via, limited=True), memberships=memberships)

    @property
    def rights(self) -> Hashable:
        """A value that is equal for viewers with the same permissions."""
        return (
            self.user_id,
            self.admin,
            frozenset(
                (organization_id, membership.role, frozenset(membership.groups.items()), membership.ceiling)
                for organization_id, membership in self.memberships.items()
            ),
        )

    def organization(self, name: str | None, *, at: str = "organization") -> int:
        """Returns the id of the named organization, or of the only one if none is named.

        Raises:
            NotFound: The caller does not belong to it, whether it exists or not.
            ValidationFailed: None is named, and the caller does not belong to exactly one.
        """
        if name is not None:
            for organization_id, membership in self.memberships.items():
                if membership.organization == name:
                    return organization_id
            raise NotFound(
                IdentityCode.ORGANIZATION_NOT_FOUND, f"You do not belong to an organization {name!r}.", (at,)
            )
        if len(self.memberships) == 1:
            return next(iter(self.memberships))
        names = ", ".join(sorted(membership.organization for membership in self.memberships.values())) or "none yet"
        raise invalid(IdentityCode.ORGANIZATION_NEEDED, f"Name an organization. You belong to: {names}.", at)

    def sees(self, organization_id: int) -> bool:
        return organization_id in self.memberships

    def may(self, organization_id: int | None, permission: Permission, *, group_id: int | None = None) -> bool:
        """Whether the caller has a permission in the organization or, for an object of one group, in that group.
        Objects of no organization are for administrators of the installation."""
        if organization_id is None:
            return self.admin
        membership = self.memberships.get(organization_id)
        return membership is not None and membership.allows(permission, group_id)

    def covers(self, organization_id: int, role: Role, *, group_id: int | None = None) -> bool:
        """Whether the caller has all permissions of a role in an organization or, for objects of one group, there."""
        return all(self.may(organization_id, each, group_id=group_id) for each in PERMISSIONS[role])

    def roles(self, organization_id: int, *, group_id: int) -> set[Role]:
        """The roles that the caller has in an organization or in one of its groups, as far as the token allows them."""
        membership = self.memberships.get(organization_id)
        if membership is None:
            return set()
        return {membership.shown_role, *membership.shown_roles(group_id)}

    def permissions(self, organization_id: int, *, group_id: int | None = None) -> list[Permission]:
        """The permissions that the caller has in an organization or, for objects of one group, in that group."""
        return [each for each in Permission if self.may(organization_id, each, group_id=group_id)]

    def require(self, organization_id: int, permission: Permission, *, group_id: int | None = None) -> None:
        """Raises Forbidden unless the caller has a permission."""
        if not self.may(organization_id, permission, group_id=group_id):
            where = "the organization" if group_id is None else "the group or its organization"
            roles = " or ".join(roles_with(permission))
            raise Forbidden(
                IdentityCode.FORBIDDEN,
                f"This needs the permission {permission}: ask an admin of the organization for the role {roles} in"
                f" {where}.",
            )

    def require_unlimited(self) -> None:
        """Raises Forbidden if the caller uses a token with fewer permissions than its user."""
        if self.via.limited:
            raise Forbidden(
                IdentityCode.TOKEN_LIMITED, "This token is limited. Sign in, or use a token without limits."
            )

    def require_lasting(self) -> None:
        """Raises Forbidden if the caller uses a token that expires, because what they create would outlive it."""
        if self.via.expires_at is not None:
            raise Forbidden(
                IdentityCode.TOKEN_EXPIRES,
                "A token that expires cannot create users or set passwords, because they would outlive it. Sign in with"
                " a password or an identity provider, or use a token that does not expire.",
            )

    def require_admin(self) -> None:
        """Raises Forbidden unless the caller administers the installation."""
        if not self.admin:
            raise Forbidden(IdentityCode.FORBIDDEN, "Only an administrator of this installation may do this.")
