"""Users who come from elsewhere: known by what their source calls them, with the roles that their groups there give."""

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
    """The user who stands for somebody, made when they come for the first time, with the roles that their groups give
    as of now. Nobody is taken for a user of that name who comes from elsewhere.

    Raises:
        UserError: where they are disabled, their name is taken or not fit, or there is no admin yet who they could be.
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
                    IdentityCode.USER_DISABLED, "You may sign in no more: ask an administrator of this installation."
                )
            if grants.admins:
                _give_administration(transaction, user, admins, to=not grants.admins.isdisjoint(person.groups))
            await _give_roles(transaction, user, person, grants)
            return user
    except IntegrityError:
        message = f"There is a user {name_of(person.name)!r} already, who signs in elsewhere: ask an administrator."
        raise Conflict(CommonCode.NAME_TAKEN, message) from None


async def _known(transaction: Transaction, person: Person) -> User | None:
    statement = select(User).where(
        col(User.source) == person.source, col(User.issuer) == person.issuer, col(User.subject) == person.subject
    )
    return (await transaction.session.exec(statement.with_for_update(key_share=True))).first()


async def _new(services: Services, transaction: Transaction, person: Person, grants: Grants) -> User:
    name = name_of(person.name)
    if problem := user_name_problem(services, name):
        raise Forbidden(IdentityCode.NAME_NOT_FIT, f"Your name elsewhere can't be one here. {problem.message}")
    user = User(name=name, source=person.source, issuer=person.issuer, subject=person.subject)
    if await any_user(transaction.session):
        transaction.session.add(user)
        await transaction.session.flush()
    elif grants.admins.isdisjoint(person.groups):
        # They would be the first user, and with one nobody can become the first admin any more.
        raise Forbidden(
            IdentityCode.NO_ADMIN_YET, "There is no administrator yet: one of them has to be the first to sign in."
        )
    else:
        await first_admin(transaction, user)
    return user


def _give_administration(transaction: Transaction, user: User, admins: list[int], *, to: bool) -> None:
    """Makes a user administer the installation, or not any more; the last of the `admins`, who are locked, goes on."""
    if user.admin == to:
        return
    if admins == [user.id]:
        kind = IdentityEvent.USER_ADMIN_KEPT
        message = f"{user.name} still administers the installation, which their groups do not say: nobody else does."
    else:
        user.admin = to
        kind = IdentityEvent.USER_ADMIN_SET
        message = f"{user.name} {'administers' if to else 'no longer administers'} the installation, by their groups."
    transaction.record(kind, message, organization_id=None, actor=user.name, subject=user, admin=user.admin)


async def _give_roles(transaction: Transaction, user: User, person: Person, grants: Grants) -> None:
    """Makes the memberships in the organizations that the grants name what the groups give, but leaves no organization
    without an admin. The user is locked, and the organizations after them, as by those who change roles."""
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
            message = f"{user.name} keeps the role ADMIN, which their groups do not give: nobody else has it."
            transaction.record(
                IdentityEvent.ROLE_KEPT,
                message,
                organization_id=organization_id,
                actor=user.name,
                subject=user,
                role=was,
            )
            continue
        message = f"{user.name} has {f'the role {role}' if role else 'no role'} now, by their groups."
        await write_role(transaction, user, organization_id, membership, role, actor=user.name, message=message)
