"""Finds the viewers of credentials of any kind: one by a digest, or many by their ids."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Select, bindparam, func, select
from sqlmodel import col

from app.core.database import Database
from app.identity.viewer import OrganizationRoles, Via, Viewer
from app.tables.identity import (
    GROUP_ROLES,
    ApiToken,
    AppSession,
    GroupRole,
    Membership,
    Method,
    Organization,
    Role,
    User,
)

_CREDENTIAL = 8  # the position of its id in a row


def viewers(credential: type[ApiToken] | type[AppSession]) -> Select[Any]:
    """Returns a statement with rows for each credential: one for each organization of its user and each role in a group
    there, or one without an organization.

    Disabled users have no rows. Build the statement once: building it costs as much as running it, and every request
    needs it.
    """
    found: Any = (
        select(
            col(User.id),
            col(User.name),
            col(User.admin),
            col(Organization.id),
            col(Organization.name),
            col(Membership.role),
            col(GroupRole.group_id),
            col(GroupRole.role),
            col(credential.id),
        )
        .select_from(credential)
        .join(User, col(User.id) == credential.user_id)
        .join(Membership, col(Membership.user_id) == User.id, isouter=True)
        .join(Organization, col(Organization.id) == Membership.organization_id, isouter=True)
        .join(GroupRole, GROUP_ROLES, isouter=True)
        .where(col(User.disabled_at).is_(None))
    )
    return found  # type: ignore[no-any-return]


_OF_USER = (
    select(
        col(User.id),
        col(User.name),
        col(User.admin),
        col(Organization.id),
        col(Organization.name),
        col(Membership.role),
        col(GroupRole.group_id),
        col(GroupRole.role),
    )
    .join(Membership, col(Membership.user_id) == User.id, isouter=True)
    .join(Organization, col(Organization.id) == Membership.organization_id, isouter=True)
    .join(GroupRole, GROUP_ROLES, isouter=True)
    .where(col(User.disabled_at).is_(None), col(User.id) == bindparam("user"))
)


async def viewer_by_id(database: Database, user_id: int, organization_id: int, ceiling: Role | None) -> Viewer | None:
    """A user with their present permissions in one organization, for work that they have started earlier, and with the
    ceiling of their token of that time. None if the user is disabled, or does not belong to the organization."""
    rows = await database.rows(_OF_USER, user=user_id)
    if not rows:
        return None
    viewer = viewer_in(rows, Via(Method.TOKEN, 0)).limited_to(organization_id, ceiling)
    return viewer if viewer.sees(organization_id) else None


def with_digest(statement: Select[Any], credential: type[ApiToken] | type[AppSession]) -> Select[Any]:
    """Restricts the statement to one `digest`."""
    return statement.where(col(credential.digest) == bindparam("digest"))


def with_ids(statement: Select[Any], credential: type[ApiToken] | type[AppSession]) -> Select[Any]:
    """Restricts the statement to `ids`, in their order."""
    ids = bindparam("ids", type_=ARRAY(BigInteger))
    return statement.where(col(credential.id) == func.any(ids)).order_by(col(credential.id))


def by_credential(rows: Sequence[Any]) -> Iterator[tuple[int, list[Any]]]:
    """Groups the rows of such a statement by the id of the credential."""
    return ((found, list(same)) for found, same in groupby(rows, key=itemgetter(_CREDENTIAL)))


def viewer_in(rows: Sequence[Any], via: Via) -> Viewer:
    """Returns the viewer of the rows of one credential. There is at least one row."""
    user_id, name, admin, *_ = rows[0]
    memberships: dict[int, OrganizationRoles] = {}
    groups: defaultdict[int, dict[int, frozenset[Role]]] = defaultdict(dict)
    for _, _, _, organization_id, organization, role, group_id, group_role, *_ in rows:
        if organization_id is not None:
            memberships[organization_id] = OrganizationRoles(organization, role, groups[organization_id])
            if group_id is not None:
                roles = groups[organization_id]
                roles[group_id] = roles.get(group_id, frozenset()) | {group_role}
    return Viewer(user_id, name, admin, via, memberships)
