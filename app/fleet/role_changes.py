"""Changes the role of a user in an organization, or in one group of it."""

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.errors import Conflict, NotFound, invalid
from app.core.services import Services
from app.core.transaction import Transaction
from app.groups.queries import group_by_name
from app.identity.codes import IdentityCode, IdentityEvent
from app.identity.permissions import IN_GROUPS, Permission
from app.identity.roles import Member, members_of, with_admins, write_role
from app.identity.viewer import Viewer
from app.tables.identity import GroupRole, Membership, Organization, Role, User


async def set_role(
    services: Services, viewer: Viewer, organization: str | None, user: str, role: Role | None, group: str | None
) -> Member | None:
    """Gives a user the role in an organization or, in addition to that, a role in one of its groups. None revokes the
    role in the organization, and with it those in its groups; or all roles in the group. Returns the member after the
    change; None if the user no longer belongs to the organization.

    An admin of the organization changes the roles of its members. To add a user as a member, the admin must also
    administer the installation, as for a new user: only such an admin may find out which users exist. If an
    organization has no enabled admin, an admin of the installation can appoint one.

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
            raise NotFound(IdentityCode.USER_NOT_FOUND, f"There is no user {user!r} in this organization.", ("user",))
        if group is not None:
            await _set_in_group(transaction, viewer, account, membership, role, group)
        else:
            await _set_in_organization(transaction, viewer, account, membership, role, organization_id)
        await session.flush()
        return (await members_of(session, organization_id, [account])).get(account.id)


async def _administered(session: AsyncSession, viewer: Viewer, name: str | None, *, makes_admin: bool) -> int:
    """The organization in which the viewer may set the role. Its row is locked: otherwise two admins could revoke each
    other's role at the same time, and no admin would be left."""
    if makes_admin and viewer.admin and name is not None:
        named = select(Organization).where(col(Organization.name) == name).with_for_update(key_share=True)
        organization = (await session.exec(named)).first()
        if organization is not None and not await with_admins(session, [organization.id]):
            return organization.id
    organization_id = viewer.organization(name)
    viewer.require(organization_id, Permission.MEMBERS_WRITE)
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
            IdentityCode.LAST_ADMIN,
            f"{user.name} is the organization's only admin. Appoint another one first.",
            ("user",),
        )
    message = f"{user.name} now has the role {role}." if role else f"{user.name} no longer has a role."
    await write_role(transaction, user, organization_id, membership, role, actor=viewer.name, message=message)


async def _set_in_group(
    transaction: Transaction,
    viewer: Viewer,
    user: User,
    membership: Membership | None,
    role: Role | None,
    group_name: str,
) -> None:
    session = transaction.session
    if role is not None and role not in IN_GROUPS:
        known = ", ".join(sorted(IN_GROUPS))
        raise invalid(IdentityCode.ROLE_NOT_OF_GROUPS, f"In a group, these roles can be given: {known}.", "role")
    if membership is None:
        message = (
            f"{user.name} is not a member of the organization. Give them a role in it first, for example {Role.VIEWER}."
        )
        raise Conflict(IdentityCode.NOT_A_MEMBER, message, ("user",))
    group = await group_by_name(session, membership.organization_id, group_name)
    held = select(GroupRole).where(col(GroupRole.user_id) == user.id, col(GroupRole.group_id) == group.id)
    present = {row.role: row for row in (await session.exec(held)).all()}
    if role in present or (role is None and not present):
        return
    if role is not None:
        organization_id = membership.organization_id
        session.add(GroupRole(user_id=user.id, group_id=group.id, organization_id=organization_id, role=role))
    else:
        for row in present.values():
            await session.delete(row)
    transaction.record(
        IdentityEvent.ROLE_SET,
        f"{user.name} {f'now has the role {role}' if role else 'no longer has a role'} in the group {group.name}.",
        organization_id=membership.organization_id,
        actor=viewer.name,
        subject=user,
        user=user.name,
        group=group.name,
        role=role,
        was=", ".join(sorted(present)) or None,
    )
