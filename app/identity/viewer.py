"""Who is asking, and what they may do. Every use case and every query asks here, and nowhere else."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.errors import Forbidden, NotFound, invalid
from app.identity.tables import Method, Role


@dataclass(frozen=True)
class Belonging:
    organization: str
    role: Role


@dataclass(frozen=True)
class Via:
    """How a caller signed in: `credential` is the id of the API token (with its name) or of the app's session."""

    method: Method
    credential: int
    token: str | None = None

    def __str__(self) -> str:
        return f"token {self.token}" if self.token is not None else self.method.lower()


@dataclass(frozen=True)
class Viewer:
    """A signed-in user. What belongs to an organization that is not in `belongings` does not exist for them."""

    user_id: int
    name: str
    admin: bool
    via: Via
    belongings: Mapping[int, Belonging] = field(default_factory=dict)  # by the organization's id

    def organization(self, name: str | None, *, at: str = "organization") -> int:
        """The id of the organization that is meant; the only one where none is named.

        Raises:
            NotFound: where the caller does not belong to it, whether it exists or not.
            ValidationFailed: where none is named and it is not clear which is meant.
        """
        if name is not None:
            for organization_id, belonging in self.belongings.items():
                if belonging.organization == name:
                    return organization_id
            raise NotFound("organization_not_found", f"You belong to no organization {name!r}.", (at,))
        if len(self.belongings) == 1:
            return next(iter(self.belongings))
        names = ", ".join(sorted(belonging.organization for belonging in self.belongings.values())) or "none yet"
        raise invalid("organization_needed", f"Say which organization you mean; yours: {names}.", at)

    def sees(self, organization_id: int) -> bool:
        return organization_id in self.belongings

    def require(self, organization_id: int, role: Role) -> None:
        """Raises Forbidden unless the caller has at least this role in the organization."""
        belonging = self.belongings.get(organization_id)
        if belonging is None or not belonging.role.covers(role):
            raise Forbidden("forbidden", f"This needs the role {role} in the organization: ask one of its admins.")

    def require_admin(self) -> None:
        """Raises Forbidden unless the caller administers the installation."""
        if not self.admin:
            raise Forbidden("forbidden", "Only an administrator of this installation may do this.")
