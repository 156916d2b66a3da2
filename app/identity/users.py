"""Lists, disables and enables users, and changes passwords."""

from sqlmodel import col, select

from app.core.errors import Conflict, Forbidden, NotFound, all_invalid
from app.core.names import label_problem
from app.core.paging import Page, Window, fetch_page
from app.core.searching import mentions
from app.core.services import Services
from app.core.transaction import Transaction
from app.identity.accounts import locked_admins
from app.identity.codes import IdentityCode, IdentityEvent
from app.identity.roles import with_admins
from app.identity.services import IdentityServices
from app.identity.sessions import end_sessions
from app.identity.viewer import Viewer
from app.tables.columns import now
from app.tables.identity import Membership, Method, Organization, Role, Source, User


async def users_page(services: Services, viewer: Viewer, window: Window, *, search: str | None) -> Page[User]:
    """Returns a page of all users of the installation, by name. `search` filters by name."""
    viewer.require_admin()
    statement = select(User)
    if search:
        statement = statement.where(mentions(search, User.name))
    async with services.database.reading() as session:
        return await fetch_page(session, statement, [col(User.name)], window)


async def set_password(
    services: IdentityServices, viewer: Viewer, name: str | None, password: str, current: str | None
) -> User:
    """Changes a password: the caller's own, which requires the current one, or, as an administrator, another user's.

    Ends all sessions of that user, except the one of the request.

    Raises:
        UserError: The message states the problem. Nothing was written.
    """
    is_own = name is None or name == viewer.name
    if is_own:
        viewer.require_unlimited()
    else:
        viewer.require_admin()
        viewer.require_lasting()
    name = viewer.name if name is None else name
    if label_problem(name):
        raise _no_user(name)
    async with services.database.reading() as session:
        user = (await session.exec(select(User).where(col(User.name) == name))).first()
    if user is None:
        raise _no_user(name)
    if user.source is not Source.LOCAL:
        raise Conflict(
            IdentityCode.NOT_LOCAL, f"{name} signs in with an identity provider, which manages the password.", ("user",)
        )
    if is_own and user.password is None:
        viewer.require_lasting()
    if is_own and user.password is not None:
        matches, _ = await services.passwords.verify(current or "", user.password)
        if not matches:
            raise Forbidden(IdentityCode.WRONG_CREDENTIALS, "The current password is wrong.", ("currentPassword",))
    if problem := await services.passwords.problem(password, name, "password"):
        raise all_invalid([problem])
    hashed = await services.passwords.hash(password)
    async with services.transaction() as transaction:
        changed = await _locked(transaction, name)
        if changed.password != user.password:
            raise Conflict(
                IdentityCode.PASSWORD_CHANGED, "The password was changed in the meantime. Try again.", ("password",)
            )
        changed.password = hashed
        keep = viewer.via.credential if is_own and viewer.via.method is not Method.TOKEN else None
        await end_sessions(transaction.session, user.id, keep=keep)
        await _record(
            transaction, viewer, changed, IdentityEvent.USER_PASSWORD_SET, f"The password of {name} was changed."
        )
        return changed


async def disable_user(services: Services, viewer: Viewer, name: str) -> User:
    """Disables a user. Their tokens and sessions are refused from the next request on.

    If an organization then has no admin, an event informs the administrators of the installation, who can appoint one.
    """
    viewer.require_admin()
    async with services.transaction() as transaction:
        admins = await locked_admins(transaction)
        user = await _locked(transaction, name)
        if user.disabled_at is not None:
            return user
        if admins == [user.id]:
            raise Conflict(IdentityCode.LAST_ADMIN, f"{name} is the only admin. Appoint another one first.", ("user",))
        user.disabled_at = now()
        await end_sessions(transaction.session, user.id)
        await _record(transaction, viewer, user, IdentityEvent.USER_DISABLED, f"{name} was disabled.")
        for organization in await _without_admin(transaction, user):
            message = f"The organization {organization} has no admin who can sign in. Appoint one."
            transaction.record(
                IdentityEvent.ORGANIZATION_WITHOUT_ADMIN,
                message,
                organization_id=None,
                actor=viewer.name,
                subject=user,
                organization=organization,
            )
        return user


async def _without_admin(transaction: Transaction, user: User) -> list[str]:
    """Returns the names of the organizations whose only admin who could sign in was the user."""
    session = transaction.session
    statement = (
        select(Organization)
        .join(Membership, col(Membership.organization_id) == Organization.id)
        .where(col(Membership.user_id) == user.id, col(Membership.role) == Role.ADMIN)
        .order_by(col(Organization.name))
    )
    organizations = (await session.exec(statement)).all()
    kept = await with_admins(session, [organization.id for organization in organizations], besides=user)
    return [organization.name for organization in organizations if organization.id not in kept]


async def enable_user(services: Services, viewer: Viewer, name: str) -> User:
    """Enables a disabled user. Their tokens are valid again; their sessions have ended."""
    viewer.require_admin()
    async with services.transaction() as transaction:
        user = await _locked(transaction, name)
        if user.disabled_at is not None:
            user.disabled_at = None
            await _record(transaction, viewer, user, IdentityEvent.USER_ENABLED, f"{name} was enabled.")
        return user


async def _locked(transaction: Transaction, name: str) -> User:
    if label_problem(name):
        raise _no_user(name)
    statement = select(User).where(col(User.name) == name).with_for_update(key_share=True)
    user = (await transaction.session.exec(statement)).first()
    if user is None:
        raise _no_user(name)
    return user


async def _record(transaction: Transaction, viewer: Viewer, user: User, kind: IdentityEvent, message: str) -> None:
    """Records an event in each organization that the user belongs to."""
    statement = select(Membership.organization_id).where(col(Membership.user_id) == user.id)
    for organization_id in (await transaction.session.exec(statement)).all():
        transaction.record(kind, message, organization_id=organization_id, actor=viewer.name, subject=user)


def _no_user(name: str) -> NotFound:
    return NotFound(IdentityCode.USER_NOT_FOUND, f"There is no user {name!r}.", ("user",))
