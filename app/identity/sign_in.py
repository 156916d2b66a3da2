"""Signs users in to the app: with a name and a password, or with a proof of an identity provider."""

from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import update
from sqlmodel import col, select

from app.core.errors import Forbidden
from app.core.names import label_problem
from app.core.origin import set_sign_in_method
from app.core.services import Services
from app.identity.codes import IdentityCode, IdentityEvent
from app.identity.external import adopt
from app.identity.services import IdentityServices
from app.identity.sessions import Browser, open_session
from app.tables.identity import Method, Source, User

log = structlog.get_logger()


@dataclass(frozen=True)
class SignedIn:
    """A user who has just signed in. `secret` is set as a cookie and stored nowhere else."""

    user: User
    secret: str
    expires_at: datetime


async def sign_in(services: IdentityServices, name: str, password: str, browser: Browser) -> SignedIn:
    """Opens a session for the user with this name and password: a local user, or else a user of the directory.

    Every attempt with a password uses this function. Rate limits belong before it.

    Raises:
        Forbidden: The name or the password is wrong. An unknown name, a wrong password and a disabled user give the
            same answer after the same time.
        Conflict: Too many users are signing in, or the directory cannot be reached.
    """
    user = await _named(services, name)
    matches, newer = await services.passwords.verify(password, user.password if user else None)
    if user is None and services.directory is not None:
        person = await services.directory.person(name, password)
        if person is not None:
            set_sign_in_method(Method.LDAP)
            user = await adopt(services, person, services.directory.grants)
            return await admit(services, user, Method.LDAP, browser)
    if user is None or not matches or user.disabled_at is not None:
        log.info("sign_in.refused", address=browser.address)
        raise Forbidden(IdentityCode.WRONG_CREDENTIALS, "Wrong name or password.")
    if newer is not None:
        await _keep_newer_hash(services, user, newer)
    return await admit(services, user, Method.PASSWORD, browser)


async def admit(services: Services, user: User, method: Method, browser: Browser) -> SignedIn:
    """Opens a session for a user whose identity is verified."""
    set_sign_in_method(method)
    async with services.transaction() as transaction:
        secret, row = await open_session(
            transaction.session, user, method, browser, lifetime=services.settings.session_lifetime
        )
        transaction.record(
            IdentityEvent.SESSION_OPENED,
            f"{user.name} signed in.",
            organization_id=None,
            actor=user.name,
            method=method,
        )
    log.info("sign_in", user=user.name, method=method, address=browser.address)
    return SignedIn(user, secret, row.expires_at)


async def _named(services: Services, name: str) -> User | None:
    if label_problem(name):
        return None
    async with services.database.reading() as session:
        statement = select(User).where(col(User.name) == name, col(User.source) == Source.LOCAL)
        return (await session.exec(statement)).first()


async def _keep_newer_hash(services: Services, user: User, newer: str) -> None:
    async with services.transaction() as transaction:
        # Do not overwrite a password that was changed in the meantime.
        statement = update(User).where(col(User.id) == user.id, col(User.password) == user.password)
        await transaction.session.execute(statement.values(password=newer))
