"""API tokens: made, told once, kept as a hash, and turned back into the viewer they stand for."""

import hashlib
import secrets
from datetime import timedelta

from sqlalchemy import bindparam
from sqlmodel import col, or_, update
from sqlmodel.ext.asyncio.session import AsyncSession

from app.database import Database
from app.identity.credentials import viewer_in, viewers
from app.identity.tables import ApiToken, Method
from app.identity.viewer import Via, Viewer
from app.tables import now

PREFIX = "polyhelm_"
SHORTEST = 20
"""Characters of a token that is given from outside. Ours have 256 bits, so a plain hash keeps them safe."""
_USE_IS_NOTED = timedelta(hours=1)
"""How often, at most: a write for each request would cost more than most requests do."""


def new_token() -> str:
    return PREFIX + secrets.token_urlsafe(32)


def token_digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


_VIEWER = (
    viewers(ApiToken)
    .add_columns(col(ApiToken.name), col(ApiToken.last_used_at))
    .where(or_(col(ApiToken.expires_at).is_(None), col(ApiToken.expires_at) > bindparam("moment")))
)


async def authenticate(database: Database, token: str) -> Viewer | None:
    """The viewer whose token this is; None where it is nobody's, has expired, or its user is disabled. One query."""
    digest = token_digest(token)
    rows = await database.rows(_VIEWER, digest=digest, moment=now())
    if not rows:
        return None
    *_, credential, name, last_used_at = rows[0]
    if last_used_at is None or last_used_at < now() - _USE_IS_NOTED:
        await _note_use(database, digest)
    return viewer_in(rows, Via(Method.TOKEN, credential, name))


async def _note_use(database: Database, digest: bytes) -> None:
    async with database.sessions() as session, session.begin():
        await session.execute(update(ApiToken).where(col(ApiToken.digest) == digest).values(last_used_at=now()))


async def add_token(session: AsyncSession, user_id: int, name: str, token: str) -> ApiToken:
    row = ApiToken(user_id=user_id, name=name, digest=token_digest(token))
    session.add(row)
    await session.flush()
    return row
