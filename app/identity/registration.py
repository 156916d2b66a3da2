"""Registration of users with a name and a password, if the settings allow it."""

from sqlalchemy.exc import IntegrityError

from app.core.errors import Conflict, Forbidden, all_invalid
from app.core.services import Services
from app.identity.accounts import any_user, first_admin, has_users, lock_bootstrap, user_name_problem
from app.identity.codes import IdentityCode, IdentityEvent
from app.identity.services import IdentityServices
from app.identity.setup_code import check_setup_code, end_setup_code
from app.registers.common import CommonCode
from app.tables.identity import User


async def is_open(services: Services) -> bool:
    """Returns whether anyone can register now."""
    mode = services.settings.registration
    return mode == "enabled" or (mode == "admin_only" and not await has_users(services))


async def needs_setup_code(services: Services) -> bool:
    """Returns whether the next user to register is the first one, who needs the setup code and becomes the
    administrator."""
    return services.settings.registration != "disabled" and not await has_users(services)


async def register(services: IdentityServices, name: str, password: str, setup_code: str | None = None) -> User:
    """Creates a user. The first one needs the setup code and becomes the administrator, however many register at once.

    Later users belong to no organization until an admin assigns them a role.

    Raises:
        UserError: Registration is closed, the setup code is wrong, the name is taken or not valid, or the password is
            not valid.
    """
    if not await is_open(services):
        raise _closed()
    problems = [
        user_name_problem(services, name, "name"),
        await services.passwords.problem(password, name, "password"),
    ]
    if found := [problem for problem in problems if problem is not None]:
        raise all_invalid(found)
    user = User(name=name, password=await services.passwords.hash(password))
    try:
        async with services.transaction() as transaction:
            await lock_bootstrap(transaction)
            if not await any_user(transaction.session):
                await check_setup_code(transaction, setup_code)
                await end_setup_code(transaction)
                await first_admin(transaction, user)
            elif services.settings.registration == "enabled":
                transaction.session.add(user)
                transaction.record(
                    IdentityEvent.USER_REGISTERED, f"{name} registered.", organization_id=None, actor=name
                )
            else:
                raise _closed()
        return user
    except IntegrityError:
        raise Conflict(CommonCode.NAME_TAKEN, f"A user {name!r} already exists.", ("name",)) from None


def _closed() -> Forbidden:
    return Forbidden(
        IdentityCode.REGISTRATION_CLOSED, "Only administrators of this installation can create users. Ask one of them."
    )
