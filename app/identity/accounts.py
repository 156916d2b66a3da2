"""Creates organizations and users, including the first ones of an installation."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.errors import Conflict, Problem, all_invalid
from app.core.names import label_problem
from app.core.services import Services
from app.core.transaction import Transaction
from app.identity.codes import IdentityEvent
from app.identity.permissions import Permission
from app.identity.services import IdentityServices
from app.identity.tokens import SHORTEST, add_token, longest_life, new_token
from app.identity.viewer import Viewer
from app.registers.common import CommonCode
from app.tables.identity import Membership, Organization, Role, User

FIRST_ORGANIZATION = "default"
FIRST_USER = "admin"
_BOOTSTRAP_LOCK = 0x504F4C5A


class BootstrapError(Exception):
    """The bootstrap token is not valid. The message states why and does not contain the token."""


@dataclass(frozen=True)
class NewUser:
    """A new user with their first API token, which is shown only once."""

    user: User
    token: str


async def bootstrap(services: Services, token: str) -> bool:
    """Creates the first organization and its admin with this API token. Does nothing if there is a user already.

    Raises:
        BootstrapError: The token is too short to be safe.
    """
    async with services.transaction() as transaction:
        await lock_bootstrap(transaction)
        if await any_user(transaction.session):
            return False
        if len(token) < SHORTEST:
            raise BootstrapError(f"POLYHELM_BOOTSTRAP_TOKEN must have at least {SHORTEST} characters.")
        user = User(name=FIRST_USER)
        await first_admin(transaction, user)
        await add_token(transaction.session, user.id, "bootstrap", token)
        return True


async def lock_bootstrap(transaction: Transaction) -> None:
    """Locks the creation of the first user until the transaction ends, so that there is only one."""
    await transaction.session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _BOOTSTRAP_LOCK})


async def locked_admins(transaction: Transaction) -> list[int]:
    """Returns the ids of the administrators of the installation who can sign in, and locks their rows.

    The rows are locked in one order, before any other user is. Otherwise two concurrent requests could remove the last
    two administrators.
    """
    statement = select(User).where(col(User.admin), col(User.disabled_at).is_(None)).order_by(col(User.id))
    admins = (await transaction.session.exec(statement.with_for_update(key_share=True))).all()
    return [admin.id for admin in admins]


async def first_admin(transaction: Transaction, user: User) -> None:
    """Creates the first organization, and the user as its admin and administrator of the installation.

    The caller holds the bootstrap lock.
    """
    session = transaction.session
    organization = Organization(name=FIRST_ORGANIZATION)
    user.admin = True
    session.add_all([organization, user])
    await session.flush()
    session.add(Membership(user_id=user.id, organization_id=organization.id, role=Role.ADMIN))
    transaction.record(
        IdentityEvent.USER_CREATED,
        f"{user.name} is the first admin.",
        organization_id=organization.id,
        actor=user.name,
        subject=user,
    )


async def has_users(services: Services) -> bool:
    async with services.database.reading() as session:
        return await any_user(session)


async def any_user(session: AsyncSession) -> bool:
    return (await session.exec(select(User.id).limit(1))).first() is not None


def user_name_problem(services: Services, name: str, *path: str) -> Problem | None:
    """Returns the problem with the name of a new user, or None."""
    if problem := label_problem(name, *path, what="The name of a user"):
        return problem
    if services.settings.is_reserved(name):
        return Problem(path, f"The name {name!r} is reserved. Choose another one.")
    return None


async def create_organization(services: Services, viewer: Viewer, name: str) -> Organization:
    """Creates an organization. The caller becomes its first admin."""
    viewer.require_admin()
    if problem := label_problem(name, "name", what="The name of an organization"):
        raise all_invalid([problem])
    try:
        async with services.transaction() as transaction:
            organization = Organization(name=name)
            transaction.session.add(organization)
            await transaction.session.flush()
            transaction.session.add(
                Membership(user_id=viewer.user_id, organization_id=organization.id, role=Role.ADMIN)
            )
            transaction.record(
                IdentityEvent.ORGANIZATION_CREATED,
                f"{name} was created.",
                organization_id=organization.id,
                actor=viewer.name,
            )
            return organization
    except IntegrityError:
        raise Conflict(CommonCode.NAME_TAKEN, f"An organization {name!r} already exists.", ("name",)) from None


async def create_user(
    services: IdentityServices, viewer: Viewer, organization: str | None, name: str, role: Role, password: str | None
) -> NewUser:
    """Creates a user with a role in an organization, a first API token, and optionally a password."""
    organization_id = viewer.organization(organization)
    viewer.require(organization_id, Permission.MEMBERS_WRITE)
    viewer.require_admin()
    viewer.require_lasting()
    problems = [
        user_name_problem(services, name, "name"),
        await services.passwords.problem(password, name, "password") if password is not None else None,
    ]
    if found := [problem for problem in problems if problem is not None]:
        raise all_invalid(found)
    hashed = await services.passwords.hash(password) if password is not None else None
    token = new_token()
    try:
        async with services.transaction() as transaction:
            user = User(name=name, password=hashed)
            transaction.session.add(user)
            await transaction.session.flush()
            transaction.session.add(Membership(user_id=user.id, organization_id=organization_id, role=role))
            expires_at = longest_life(services.settings)
            await add_token(transaction.session, user.id, "first", token, expires_at=expires_at)
            transaction.record(
                IdentityEvent.USER_CREATED,
                f"{name} was created with the role {role}.",
                organization_id=organization_id,
                actor=viewer.name,
                subject=user,
                role=role,
            )
            return NewUser(user, token)
    except IntegrityError:
        raise Conflict(CommonCode.NAME_TAKEN, f"A user {name!r} already exists.", ("name",)) from None
