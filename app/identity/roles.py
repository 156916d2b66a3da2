"""Reads and writes roles in organizations and in their groups."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.paging import Page, Window, fetch_page
from app.core.services import Services
from app.core.transaction import Transaction
from app.identity.codes import IdentityEvent
from app.tables.groups import ClusterGroup
from app.tables.identity import GROUP_ROLES, GroupRole, Membership, Role, User


@dataclass(frozen=True)
class Member:
    """A user who belongs to an organization. `groups` has their roles in single groups, by the groups' names."""

    user: User
    role: Role
    groups: Mapping[str, Sequence[Role]]


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
    """Changes a user's role in an organization and records the event.

    The caller has locked the user and then the organization, and has checked that an admin remains.
    """
    was = membership.role if membership else None
    if membership is None:
        assert role is not None
        transaction.session.add(Membership(user_id=user.id, organization_id=organization_id, role=role))
    elif role is None:
        await transaction.session.delete(membership)
    else:
        membership.role = role
    transaction.record(
        IdentityEvent.ROLE_SET,
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
    """Returns those of the organizations that have an admin who can sign in. The result is stable for locked
    organizations."""
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


async def members_page(services: Services, organization_id: int, window: Window) -> Page[Member]:
    """Returns a page of the members of an organization, by name."""
    belongs = select(Membership.user_id).where(col(Membership.organization_id) == organization_id)
    async with services.database.reading() as session:
        page = await fetch_page(session, select(User).where(col(User.id).in_(belongs)), [col(User.name)], window)
        found = await members_of(session, organization_id, page.rows)
    # A user who left between the two queries is omitted together with their cursor.
    pairs = [(found[user.id], cursor) for user, cursor in zip(page.rows, page.cursors, strict=True) if user.id in found]
    return Page([member for member, _ in pairs], [cursor for _, cursor in pairs], page.has_next, page.has_previous)


async def members_of(session: AsyncSession, organization_id: int, users: Sequence[User]) -> dict[int, Member]:
    """Returns those of the users who are members, by their ids."""
    statement = (
        select(Membership.user_id, Membership.role, ClusterGroup.name, GroupRole.role)
        .join(GroupRole, GROUP_ROLES, isouter=True)
        .join(ClusterGroup, col(ClusterGroup.id) == GroupRole.group_id, isouter=True)
        .where(
            col(Membership.organization_id) == organization_id,
            col(Membership.user_id).in_([user.id for user in users]),
        )
        .order_by(col(ClusterGroup.name), col(GroupRole.role))
    )
    accounts = {user.id: user for user in users}
    roles: dict[int, Role] = {}
    groups: dict[int, dict[str, list[Role]]] = {}
    rows: Iterable[Any] = (await session.exec(statement)).all()
    for user_id, role, group, group_role in rows:
        roles[user_id] = role
        groups.setdefault(user_id, {})
        if group is not None:
            groups[user_id].setdefault(group, []).append(group_role)
    return {user_id: Member(accounts[user_id], role, groups[user_id]) for user_id, role in roles.items()}
