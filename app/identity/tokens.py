"""API tokens: made, told once, kept as a hash, and turned back into the viewer they stand for."""

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
"""Characters of a token that is given from outside. Ours have 256 bits, so a plain hash keeps them safe."""
_USE_IS_NOTED = timedelta(hours=1)
"""How often, at most: a write for each request would cost more than most requests do."""


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
    """The viewer whose token this is; None where it is nobody's, has expired, or its user is disabled. One query."""
    digest = token_digest(token)
    rows = await database.rows(_BY_DIGEST, digest=digest, moment=now())
    if not rows:
        return None
    *_, last_used_at = rows[0]
    if last_used_at is None or last_used_at < now() - _USE_IS_NOTED:
        await _note_use(database, digest)
    return _viewer(rows)


async def token_viewers(database: Database, ids: Iterable[int]) -> dict[int, Viewer]:
    """The viewers that tokens stand for now, by the tokens' ids; none for one that is nobody's any more. One query."""
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
    """An API token that was just made, told this once."""

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
    """Makes one more token for the caller: for all that they may do, or for one organization alone, or for no more than
    a role. Without `expires_at` it lives as long as it may.

    Raises:
        UserError: says what is wrong; nothing was written then.
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
                f"{viewer.name} made the API token {name}.",
                organization_id=organization_id,
                actor=viewer.name,
                token=name,
                role=role,
                expires_at=expires_at,
            )
            return NewToken(row, token)
    except IntegrityError:
        raise Conflict(CommonCode.NAME_TAKEN, f"You have a token {name!r} already.", ("name",)) from None


def longest_life(settings: Settings) -> datetime | None:
    """When a token that is made now has to end at last; None where it need not end."""
    return None if settings.token_lifetime is None else now() + timedelta(seconds=settings.token_lifetime)


def _end(settings: Settings, viewer: Viewer, wanted: datetime | None) -> datetime | None:
    """When a token ends that the viewer makes: when they want it to, or as late as it may."""
    if wanted is not None and (wanted.tzinfo is None or wanted.year == MAXYEAR):
        raise invalid(
            IdentityCode.EXPIRES_AT, "Give an expiresAt with its time zone, such as 2030-01-31T12:00:00Z.", "expiresAt"
        )
    if wanted is not None and wanted <= now():
        raise invalid(IdentityCode.EXPIRES_AT_PAST, "Give an expiresAt that is in the future.", "expiresAt")
    limits = [end for end in (longest_life(settings), viewer.via.expires_at) if end is not None]
    longest = min(limits, default=None)
    if wanted is None or longest is None:
        return wanted or longest
    if wanted > longest:
        message = f"A token that you make here ends at {longest.isoformat(timespec='seconds')} at the latest."
        raise invalid(IdentityCode.EXPIRES_AT_LATE, message, "expiresAt")
    return wanted


async def tokens_of(services: Services, viewer: Viewer) -> Sequence[tuple[ApiToken, str | None]]:
    """The caller's own tokens, by name, each with the name of the organization that it is for."""
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
    """Takes one of the caller's tokens away; it is refused from the next request on."""
    viewer.require_unlimited()
    async with services.transaction() as transaction:
        statement = select(ApiToken).where(col(ApiToken.user_id) == viewer.user_id, col(ApiToken.name) == name)
        token = (await transaction.session.exec(statement)).first()
        if token is None:
            raise NotFound(IdentityCode.TOKEN_NOT_FOUND, f"You have no token {name!r}.", ("name",))
        await transaction.session.delete(token)
        transaction.record(
            IdentityEvent.TOKEN_REVOKED,
            f"{viewer.name} took the API token {name} away.",
            organization_id=token.organization_id,
            actor=viewer.name,
            token=name,
        )
