"""Users of an issuer or directory: identified by its subject, with the roles that their groups give."""

from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from app.core.errors import Conflict, Forbidden
from app.core.services import Services
from app.core.transaction import Transaction
from app.identity.accounts import any_user, first_admin, lock_bootstrap, locked_admins, user_name_problem
from app.identity.codes import IdentityCode, IdentityEvent
from app.identity.people import Grants, Person, name_of
from app.identity.roles import with_admins, write_role
from app.registers.common import CommonCode
from app.tables.identity import Membership, Organization, Role, User


async def adopt(services: Services, person: Person, grants: Grants) -> User:
    """Returns the user for a person, created at the first sign-in, and sets the roles that their groups give now.

    A user from another source with the same name is never matched.

    Raises:
        UserError: The user is disabled, the name is taken or not valid, or there is no administrator yet and the person
            is not one.
    """
    try:
        async with services.transaction() as transaction:
            await lock_bootstrap(transaction)
            admins = await locked_admins(transaction) if grants.admins else []
            user = await _known(transaction, person)
            if user is None:
                user = await _new(services, transaction, person, grants)
            if user.disabled_at is not None:
                raise Forbidden(
                    IdentityCode.USER_DISABLED, "Your user is disabled. Ask an administrator of this installation."
                )
            if grants.admins:
                _give_administration(transaction, user, admins, to=not grants.admins.isdisjoint(person.groups))
            await _give_roles(transaction, user, person, grants)
            return user
    except IntegrityError:
        message = f"A user {name_of(person.name)!r} with another way to sign in already exists. Ask an administrator."
        raise Conflict(CommonCode.NAME_TAKEN, message) from None


async def _known(transaction: Transaction, person: Person) -> User | None:
    statement = select(User).where(
        col(User.source) == person.source, col(User.issuer) == person.issuer, col(User.subject) == person.subject
    )
    return (await transaction.session.exec(statement.with_for_update(key_share=True))).first()


async def _new(services: Services, transaction: Transaction, person: Person, grants: Grants) -> User:
    name = name_of(person.name)
    if problem := user_name_problem(services, name):
        raise Forbidden(
            IdentityCode.NAME_NOT_FIT, f"Your name at the identity provider is not a valid user name. {problem.message}"
        )
    user = User(name=name, source=person.source, issuer=person.issuer, subject=person.subject)
    if await any_user(transaction.session):
        transaction.session.add(user)
        await transaction.session.flush()
    elif grants.admins.isdisjoint(person.groups):
        # This person would be the first user, and after that no one could become the first administrator.
        raise Forbidden(
            IdentityCode.NO_ADMIN_YET, "There is no administrator yet. An administrator must be the first to sign in."
        )
    else:
        await first_admin(transaction, user)
    return user


def _give_administration(transaction: Transaction, user: User, admins: list[int], *, to: bool) -> None:
    """Makes a user an administrator of the installation, or removes that. The last of the locked `admins` stays one."""
    if user.admin == to:
        return
    if admins == [user.id]:
        kind = IdentityEvent.USER_ADMIN_KEPT
        message = (
            f"{user.name} still administers the installation, although their groups do not grant it: there is no"
            " other administrator."
        )
    else:
        user.admin = to
        kind = IdentityEvent.USER_ADMIN_SET
        message = (
            f"{user.name} {'administers' if to else 'no longer administers'} the installation because of their groups."
        )
    transaction.record(kind, message, organization_id=None, actor=user.name, subject=user, admin=user.admin)


async def _give_roles(transaction: Transaction, user: User, person: Person, grants: Grants) -> None:
    """Sets the memberships in the organizations that the grants name, but leaves no organization without an admin.

    The user is locked first, then the organizations, as everywhere where roles change.
    """
    session = transaction.session
    wanted = grants.roles_of(person.groups)
    organizations = select(Organization).where(col(Organization.name).in_(grants.organizations))
    locked = organizations.order_by(col(Organization.id)).with_for_update(key_share=True)
    found = {row.id: row.name for row in (await session.exec(locked)).all()}
    mine = select(Membership).where(col(Membership.user_id) == user.id, col(Membership.organization_id).in_(found))
    present = {row.organization_id: row for row in (await session.exec(mine)).all()}
    with_others = await with_admins(session, list(found), besides=user)
    for organization_id, organization in found.items():
        membership, role = present.get(organization_id), wanted.get(organization)
        was = membership.role if membership else None
        if role is was:
            continue
        if was is Role.ADMIN and organization_id not in with_others:
            message = (
                f"{user.name} keeps the role ADMIN, although their groups do not grant it: there is no other admin."
            )
            transaction.record(
                IdentityEvent.ROLE_KEPT,
                message,
                organization_id=organization_id,
                actor=user.name,
                subject=user,
                role=was,
            )
            continue
        message = f"{user.name} has {f'the role {role}' if role else 'no role'} now because of their groups."
        await write_role(transaction, user, organization_id, membership, role, actor=user.name, message=message)
