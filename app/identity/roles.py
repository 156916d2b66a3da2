"""Who has which role: in an organization, and in single groups of it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.errors import Conflict, NotFound, invalid
from app.groups.queries import group_by_name
from app.groups.tables import ClusterGroup
from app.identity.tables import GROUP_ROLES, GroupRole, Membership, Organization, Role, User
from app.identity.viewer import Viewer
from app.paging import Page, Window, fetch_page
from app.services import Services
from app.transaction import Transaction


@dataclass(frozen=True)
class Member:
    """A user who belongs to an organization. `groups` has what more they may do in single groups, by their names."""

    user: User
    role: Role
    groups: Mapping[str, Role]


async def set_role(
    services: Services, viewer: Viewer, organization: str | None, user: str, role: Role | None, group: str | None
) -> Member | None:
    """Gives a user a role in an organization, or beyond that one in a group of it; None takes it away. Without a role
    in the organization there is none in its groups. Gives the member as they are then; None where they are none.

    An admin of the organization changes the roles of its members. Whoever makes a member of a user who is none has to
    administer the installation as well, as for a new user: nobody else may find out which users there are. Where an
    organization has no admin who may sign in, whoever administers the installation can make one.

    Raises:
        UserError: says what is wrong; nothing was written then.
    """
    async with services.transaction() as transaction:
        session = transaction.session
        named = select(User).where(col(User.name) == user).with_for_update(key_share=True)
        account = (await session.exec(named)).first()
        makes_admin = role is Role.ADMIN and group is None
        organization_id = await _administered(session, viewer, organization, makes_admin=makes_admin)
        membership = None if account is None else await session.get(Membership, (account.id, organization_id))
        if account is None or (membership is None and not viewer.admin):
            raise NotFound("user_not_found", f"There is no user {user!r} in this organization.", ("user",))
        if group is not None:
            await _set_in_group(transaction, viewer, account, membership, role, group)
        else:
            await _set_in_organization(transaction, viewer, account, membership, role, organization_id)
        await session.flush()
        return (await _members(session, organization_id, [account])).get(account.id)


async def _administered(session: AsyncSession, viewer: Viewer, name: str | None, *, makes_admin: bool) -> int:
    """The organization that is meant, in which the viewer may set the role. It is locked: else two admins could take
    each other's role, and none would be left."""
    if makes_admin and viewer.admin and name is not None:
        named = select(Organization).where(col(Organization.name) == name).with_for_update(key_share=True)
        organization = (await session.exec(named)).first()
        if organization is not None and not await with_admins(session, [organization.id]):
            return organization.id
    organization_id = viewer.organization(name)
    viewer.require(organization_id, Role.ADMIN)
    await session.get(Organization, organization_id, with_for_update={"key_share": True})
    return organization_id


async def _set_in_organization(
    transaction: Transaction,
    viewer: Viewer,
    user: User,
    membership: Membership | None,
    role: Role | None,
    organization_id: int,
) -> None:
    was = membership.role if membership else None
    if role is was:
        return
    if was is Role.ADMIN and not await with_admins(transaction.session, [organization_id], besides=user):
        raise Conflict(
            "last_admin", f"{user.name} is the organization's only admin: make somebody else one first.", ("user",)
        )
    message = f"{user.name} has the role {role} now." if role else f"{user.name} has no role any more."
    await write_role(transaction, user, organization_id, membership, role, actor=viewer.name, message=message)


async def write_role(
    transaction: Transaction,
    user: User,
    organization_id: int,
    membership: Membership | None,
    role: Role | None,
    *,
    actor: str,
    message: str,
) -> None:
    """Gives a user another role in an organization than their membership there does, and tells it. They are locked,
    the user first; whether there is an admin left is known."""
    was = membership.role if membership else None
    if membership is None:
        assert role is not None
        transaction.session.add(Membership(user_id=user.id, organization_id=organization_id, role=role))
    elif role is None:
        await transaction.session.delete(membership)
    else:
        membership.role = role
    transaction.record(
        "role.set",
        message,
        organization_id=organization_id,
        actor=actor,
        subject=user,
        user=user.name,
        role=role,
        was=was,
    )


async def with_admins(
    session: AsyncSession, organization_ids: Collection[int], *, besides: User | None = None
) -> set[int]:
    """Those of the organizations that have an admin who may sign in. Sure for those that are locked."""
    statement = (
        select(Membership.organization_id)
        .join(User, col(User.id) == Membership.user_id)
        .where(
            col(Membership.organization_id).in_(organization_ids),
            col(Membership.role) == Role.ADMIN,
            col(User.disabled_at).is_(None),
        )
    )
    if besides is not None:
        statement = statement.where(col(User.id) != besides.id)
    return set((await session.exec(statement)).all())


async def _set_in_group(
    transaction: Transaction,
    viewer: Viewer,
    user: User,
    membership: Membership | None,
    role: Role | None,
    group_name: str,
) -> None:
    session = transaction.session
    if role not in (Role.DEPLOYER, None):
        raise invalid("role_not_of_groups", f"In a group there is the role {Role.DEPLOYER} alone.", "role")
    if membership is None:
        message = f"{user.name} does not belong to the organization: give them a role there first, {Role.VIEWER} say."
        raise Conflict("not_a_member", message, ("user",))
    group = await group_by_name(session, membership.organization_id, group_name)
    present = await session.get(GroupRole, (user.id, group.id))
    was = present.role if present else None
    if role is was:
        return
    if present is None:
        assert role is not None
        organization_id = membership.organization_id
        session.add(GroupRole(user_id=user.id, group_id=group.id, organization_id=organization_id, role=role))
    else:
        await session.delete(present)
    transaction.record(
        "role.set",
        f"{user.name} {f'has the role {role}' if role else 'has no role'} in the group {group.name} now.",
        organization_id=membership.organization_id,
        actor=viewer.name,
        subject=user,
        user=user.name,
        group=group.name,
        role=role,
        was=was,
    )


async def members_page(services: Services, organization_id: int, window: Window) -> Page[Member]:
    """Who belongs to an organization, by name."""
    belongs = select(Membership.user_id).where(col(Membership.organization_id) == organization_id)
    async with services.database.reading() as session:
        page = await fetch_page(session, select(User).where(col(User.id).in_(belongs)), [col(User.name)], window)
        found = await _members(session, organization_id, page.rows)
    # One who left between the two queries is left out, and so is their cursor.
    pairs = [(found[user.id], cursor) for user, cursor in zip(page.rows, page.cursors, strict=True) if user.id in found]
    return Page([member for member, _ in pairs], [cursor for _, cursor in pairs], page.has_next, page.has_previous)


async def _members(session: AsyncSession, organization_id: int, users: Sequence[User]) -> dict[int, Member]:
    """Those of the users who are members, by their ids."""
    statement = (
        select(Membership.user_id, Membership.role, ClusterGroup.name, GroupRole.role)
        .join(GroupRole, GROUP_ROLES, isouter=True)
        .join(ClusterGroup, col(ClusterGroup.id) == GroupRole.group_id, isouter=True)
        .where(
            col(Membership.organization_id) == organization_id,
            col(Membership.user_id).in_([user.id for user in users]),
        )
        .order_by(col(ClusterGroup.name))
    )
    accounts = {user.id: user for user in users}
    roles: dict[int, Role] = {}
    groups: dict[int, dict[str, Role]] = {}
    rows: Iterable[Any] = (await session.exec(statement)).all()
    for user_id, role, group, group_role in rows:
        roles[user_id] = role
        groups.setdefault(user_id, {})
        if group is not None:
            groups[user_id][group] = group_role
    return {user_id: Member(accounts[user_id], role, groups[user_id]) for user_id, role in roles.items()}
