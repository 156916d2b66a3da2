"""The app's sessions: opened at sign-in, known by the digest of a cookie's secret, ended by time or by their owner."""

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import bindparam
from sqlmodel import col, update

from app.database import Database
from app.identity.credentials import by_credential, viewer_in, viewers, with_digest, with_ids
from app.identity.tables import AppSession
from app.identity.tokens import token_digest
from app.identity.viewer import Via, Viewer
from app.tables import now

_NOTED_WITHIN = 20
"""A use is noted when this part of the idle limit has passed since the last one: a write for each request would cost
more than most requests do."""

_VIEWERS = (
    viewers(AppSession)
    .add_columns(col(AppSession.method), col(AppSession.last_used_at))
    .where(col(AppSession.expires_at) > bindparam("moment"), col(AppSession.last_used_at) > bindparam("used_after"))
)
_BY_DIGEST, _BY_ID = with_digest(_VIEWERS, AppSession), with_ids(_VIEWERS, AppSession)


async def resume(database: Database, secret: str, *, idle: timedelta) -> Viewer | None:
    """The viewer whose session this is; None where it is nobody's, has expired, was not used within `idle`, or its user
    is disabled. One query."""
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
    """The viewers that sessions stand for now, by the sessions' ids; none for one that has ended. One query."""
    moment = now()
    rows = await database.rows(_BY_ID, ids=list(ids), moment=moment, used_after=moment - idle)
    found = by_credential(rows)
    return {session_id: viewer_in(same, Via(same[0].method, session_id)) for session_id, same in found}
