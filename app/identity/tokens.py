"""API tokens: created, shown once, stored as a digest, and resolved to their viewer."""

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, datetime, timedelta
from typing import Any

from sqlalchemy import bindparam
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, or_, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.database import Database
from app.core.errors import Conflict, NotFound, all_invalid, invalid
from app.core.names import text_problem
from app.core.services import Services
from app.core.settings import Settings
from app.identity.codes import IdentityCode, IdentityEvent
from app.identity.credentials import by_credential, viewer_in, viewers, with_digest, with_ids
from app.identity.viewer import Via, Viewer
from app.registers.common import CommonCode
from app.tables.columns import now
from app.tables.identity import ApiToken, Method, Organization, Role

PREFIX = "polyhelm_"
SHORTEST = 20
"""Minimum length of the bootstrap token. Polyhelm's own tokens have 256 bits, so a plain digest protects them."""
_USE_IS_NOTED = timedelta(hours=1)
"""The shortest time between two writes of a token's last use, because a write for each request would cost more than
most requests."""


def new_token() -> str:
    return PREFIX + secrets.token_urlsafe(32)


def token_digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


_VIEWERS = (
    viewers(ApiToken)
    .add_columns(col(ApiToken.name), col(ApiToken.organization_id), col(ApiToken.role), col(ApiToken.expires_at))
    .add_columns(col(ApiToken.last_used_at))
    .where(or_(col(ApiToken.expires_at).is_(None), col(ApiToken.expires_at) > bindparam("moment")))
)
_BY_DIGEST, _BY_ID = with_digest(_VIEWERS, ApiToken), with_ids(_VIEWERS, ApiToken)


async def authenticate(database: Database, token: str) -> Viewer | None:
    """Returns the viewer of a token, with one query. Returns None if the token is unknown or expired, or its user is
    disabled."""
    digest = token_digest(token)
    rows = await database.rows(_BY_DIGEST, digest=digest, moment=now())
    if not rows:
        return None
    *_, last_used_at = rows[0]
    if last_used_at is None or last_used_at < now() - _USE_IS_NOTED:
        await _note_use(database, digest)
    return _viewer(rows)


async def token_viewers(database: Database, ids: Iterable[int]) -> dict[int, Viewer]:
    """Returns the viewers of tokens, by the tokens' ids, with one query. Invalid tokens are missing."""
    rows = await database.rows(_BY_ID, ids=list(ids), moment=now())
    return {token_id: _viewer(found) for token_id, found in by_credential(rows)}


def _viewer(rows: Sequence[Any]) -> Viewer:
    *_, credential, name, organization_id, role, expires_at, _ = rows[0]
    via = Via(Method.TOKEN, credential, name, expires_at=expires_at)
    return viewer_in(rows, via).limited_to(organization_id, role)


async def _note_use(database: Database, digest: bytes) -> None:
    async with database.sessions() as session, session.begin():
        await session.execute(update(ApiToken).where(col(ApiToken.digest) == digest).values(last_used_at=now()))


async def add_token(session: AsyncSession, user_id: int, name: str, token: str, **limits: Any) -> ApiToken:
    """`limits` are columns: `organization_id`, `role` and `expires_at`."""
    row = ApiToken(user_id=user_id, name=name, digest=token_digest(token), **limits)
    session.add(row)
    await session.flush()
    return row


@dataclass(frozen=True)
class NewToken:
    """A new API token, shown only once."""

    row: ApiToken
    token: str


async def create_api_token(
    services: Services,
    viewer: Viewer,
    name: str,
    *,
    organization: str | None = None,
    role: Role | None = None,
    expires_at: datetime | None = None,
) -> NewToken:
    """Creates an API token for the caller, optionally limited to one organization or to a role.

    Without `expires_at`, it gets the longest allowed lifetime.

    Raises:
        UserError: The message states the problem. Nothing was written.
    """
    viewer.require_unlimited()
    if problem := text_problem(name, "name", what="The name of a token", longest=100):
        raise all_invalid([problem])
    organization_id = None if organization is None else viewer.organization(organization)
    expires_at = _end(services.settings, viewer, expires_at)
    token = new_token()
    limits = {"organization_id": organization_id, "role": role, "expires_at": expires_at}
    try:
        async with services.transaction() as transaction:
            row = await add_token(transaction.session, viewer.user_id, name, token, **limits)
            transaction.record(
                IdentityEvent.TOKEN_CREATED,
                f"{viewer.name} created the API token {name}.",
                organization_id=organization_id,
                actor=viewer.name,
                token=name,
                role=role,
                expires_at=expires_at,
            )
            return NewToken(row, token)
    except IntegrityError:
        raise Conflict(CommonCode.NAME_TAKEN, f"You already have a token {name!r}.", ("name",)) from None


def longest_life(settings: Settings) -> datetime | None:
    """Returns the latest expiry of a token that is created now, or None if it need not expire."""
    return None if settings.token_lifetime is None else now() + timedelta(seconds=settings.token_lifetime)


def _end(settings: Settings, viewer: Viewer, wanted: datetime | None) -> datetime | None:
    """Returns the expiry of a token that the viewer creates: the requested one, or the latest that is allowed."""
    if wanted is not None and (wanted.tzinfo is None or wanted.year == MAXYEAR):
        raise invalid(
            IdentityCode.EXPIRES_AT, "Give expiresAt with a time zone, such as 2030-01-31T12:00:00Z.", "expiresAt"
        )
    if wanted is not None and wanted <= now():
        raise invalid(IdentityCode.EXPIRES_AT_PAST, "Give an expiresAt in the future.", "expiresAt")
    limits = [end for end in (longest_life(settings), viewer.via.expires_at) if end is not None]
    longest = min(limits, default=None)
    if wanted is None or longest is None:
        return wanted or longest
    if wanted > longest:
        message = f"A token that you create here can expire at {longest.isoformat(timespec='seconds')} at the latest."
        raise invalid(IdentityCode.EXPIRES_AT_LATE, message, "expiresAt")
    return wanted


async def tokens_of(services: Services, viewer: Viewer) -> Sequence[tuple[ApiToken, str | None]]:
    """Returns the caller's tokens, by name, each with the name of the organization that it is limited to."""
    viewer.require_unlimited()
    statement = (
        select(ApiToken, Organization.name)
        .join(Organization, col(Organization.id) == ApiToken.organization_id, isouter=True)
        .where(col(ApiToken.user_id) == viewer.user_id)
        .order_by(col(ApiToken.name))
    )
    async with services.database.reading() as session:
        return (await session.exec(statement)).all()


async def revoke_api_token(services: Services, viewer: Viewer, name: str) -> None:
    """Revokes one of the caller's tokens. Its next request is refused."""
    viewer.require_unlimited()
    async with services.transaction() as transaction:
        statement = select(ApiToken).where(col(ApiToken.user_id) == viewer.user_id, col(ApiToken.name) == name)
        token = (await transaction.session.exec(statement)).first()
        if token is None:
            raise NotFound(IdentityCode.TOKEN_NOT_FOUND, f"You have no token {name!r}.", ("name",))
        await transaction.session.delete(token)
        transaction.record(
            IdentityEvent.TOKEN_REVOKED,
            f"{viewer.name} revoked the API token {name}.",
            organization_id=token.organization_id,
            actor=viewer.name,
            token=name,
        )
