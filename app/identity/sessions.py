"""Sessions of the app: opened at sign-in, identified by the digest of a cookie, ended by time or by their user."""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import bindparam
from sqlmodel import col, delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.database import Database
from app.core.errors import NotFound
from app.core.services import Services
from app.identity.codes import IdentityCode, IdentityEvent
from app.identity.credentials import by_credential, viewer_in, viewers, with_digest, with_ids
from app.identity.tokens import token_digest
from app.identity.viewer import Via, Viewer
from app.tables.columns import now
from app.tables.identity import AppSession, Method, User

_NOTED_WITHIN = 20
"""The use of a session is recorded when this fraction of the idle limit has passed, because a write for each request
would cost more than most requests."""

_LONGEST_USER_AGENT = 300


@dataclass(frozen=True)
class Browser:
    """The client of a request. `secret` is that of its current session, if any."""

    user_agent: str = ""
    address: str | None = None
    secret: str | None = None


_VIEWERS = (
    viewers(AppSession)
    .add_columns(col(AppSession.method), col(AppSession.last_used_at))
    .where(col(AppSession.expires_at) > bindparam("moment"), col(AppSession.last_used_at) > bindparam("used_after"))
)
_BY_DIGEST, _BY_ID = with_digest(_VIEWERS, AppSession), with_ids(_VIEWERS, AppSession)


async def resume(database: Database, secret: str, *, idle: timedelta) -> Viewer | None:
    """Returns the viewer of a session, with one query. Returns None if the secret is unknown, the session has expired
    or was not used within `idle`, or the user is disabled."""
    digest, moment = token_digest(secret), now()
    rows = await database.rows(_BY_DIGEST, digest=digest, moment=moment, used_after=moment - idle)
    if not rows:
        return None
    *_, credential, method, last_used_at = rows[0]
    if last_used_at < moment - idle / _NOTED_WITHIN:
        async with database.sessions() as session, session.begin():
            statement = update(AppSession).where(col(AppSession.id) == credential)
            await session.execute(statement.values(last_used_at=moment))
    return viewer_in(rows, Via(method, credential))


async def session_viewers(database: Database, ids: Iterable[int], *, idle: timedelta) -> dict[int, Viewer]:
    """Returns the viewers of sessions, by the sessions' ids, with one query. Sessions that have ended are missing."""
    moment = now()
    rows = await database.rows(_BY_ID, ids=list(ids), moment=moment, used_after=moment - idle)
    found = by_credential(rows)
    return {session_id: viewer_in(same, Via(same[0].method, session_id)) for session_id, same in found}


async def open_session(
    session: AsyncSession, user: User, method: Method, browser: Browser, *, lifetime: float
) -> tuple[str, AppSession]:
    """Opens a session for at most `lifetime` seconds and returns its new secret.

    Ends the browser's previous session, and deletes all expired sessions.
    """
    secret, moment = secrets.token_urlsafe(32), now()
    await session.execute(delete(AppSession).where(col(AppSession.expires_at) <= moment))
    if browser.secret is not None:
        await session.execute(delete(AppSession).where(col(AppSession.digest) == token_digest(browser.secret)))
    row = AppSession(
        user_id=user.id,
        method=method,
        digest=token_digest(secret),
        user_agent=browser.user_agent[:_LONGEST_USER_AGENT],
        expires_at=moment + timedelta(seconds=lifetime),
    )
    session.add(row)
    await session.flush()
    return secret, row


async def end_sessions(session: AsyncSession, user_id: int, *, keep: int | None = None) -> None:
    """Ends all sessions of a user, except the one with the id `keep`."""
    statement = delete(AppSession).where(col(AppSession.user_id) == user_id)
    await session.execute(statement if keep is None else statement.where(col(AppSession.id) != keep))


async def sign_out(services: Services, viewer: Viewer, *, everywhere: bool) -> None:
    """Ends the session of the request, or all sessions of the caller."""
    viewer.require_unlimited()
    async with services.transaction() as transaction:
        if everywhere:
            await end_sessions(transaction.session, viewer.user_id)
        elif viewer.via.method is not Method.TOKEN:
            await transaction.session.execute(delete(AppSession).where(col(AppSession.id) == viewer.via.credential))
        transaction.record(
            IdentityEvent.SESSION_ENDED,
            f"{viewer.name} signed out{' everywhere' if everywhere else ''}.",
            organization_id=None,
            actor=viewer.name,
        )


async def sessions_of(services: Services, viewer: Viewer) -> Sequence[AppSession]:
    """Returns the caller's open sessions, newest first."""
    viewer.require_unlimited()
    moment = now()
    statement = select(AppSession).where(
        col(AppSession.user_id) == viewer.user_id,
        col(AppSession.expires_at) > moment,
        col(AppSession.last_used_at) > moment - timedelta(seconds=services.settings.session_idle),
    )
    async with services.database.reading() as session:
        return (await session.exec(statement.order_by(col(AppSession.id).desc()))).all()


async def revoke_session(services: Services, viewer: Viewer, session_id: int) -> None:
    """Ends one of the caller's sessions. Its next request is refused."""
    viewer.require_unlimited()
    async with services.transaction() as transaction:
        row = await transaction.session.get(AppSession, session_id)
        if row is None or row.user_id != viewer.user_id:
            raise NotFound(IdentityCode.SESSION_NOT_FOUND, "You have no such session.", ("id",))
        await transaction.session.delete(row)
        transaction.record(
            IdentityEvent.SESSION_ENDED,
            f"{viewer.name} ended one of their sessions.",
            organization_id=None,
            actor=viewer.name,
        )
