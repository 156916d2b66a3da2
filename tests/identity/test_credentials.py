"""Whom an API token or a session of the app stands for, how they signed in, and that a disabled user is nobody."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select, update

from app.identity.sessions import resume
from app.identity.tokens import authenticate, token_digest
from app.identity.viewer import OrganizationRoles, Via, Viewer
from app.tables.columns import now
from app.tables.identity import AppSession, Method, Role, User
from tests.stack import TOKEN, Stack

SECRET = "the-secret-of-a-session"
IDLE = timedelta(hours=1)


async def opened(stack: Stack, **given: Any) -> AppSession:
    """A session of the admin's."""
    (user_id,) = (await stack.services.database.rows(select(User.id)))[0]
    given = {"expires_at": now() + timedelta(days=1)} | given
    row = AppSession(user_id=user_id, method=Method.OIDC, digest=token_digest(SECRET), **given)
    async with stack.services.transaction() as transaction:
        transaction.session.add(row)
    return row


async def change_user(stack: Stack, **values: object) -> None:
    async with stack.services.transaction() as transaction:
        await transaction.session.execute(update(User).values(**values))


async def test_a_session_is_the_same_viewer_as_a_token_but_for_how_they_signed_in(quiet: Stack) -> None:
    session = await opened(quiet)
    by_token = await authenticate(quiet.services.database, TOKEN)
    by_session = await resume(quiet.services.database, SECRET, idle=IDLE)
    assert by_token is not None
    (organization_id,) = by_token.memberships
    memberships = {organization_id: OrganizationRoles("default", Role.ADMIN)}
    assert by_token == Viewer(by_token.user_id, "admin", True, Via(Method.TOKEN, 1, "bootstrap"), memberships)
    assert by_session == Viewer(by_token.user_id, "admin", True, Via(Method.OIDC, session.id), memberships)
    assert (str(by_token.via), str(by_session.via)) == ("token bootstrap", "oidc")


async def test_an_unknown_secret_or_a_token_is_no_session(quiet: Stack) -> None:
    await opened(quiet)
    assert await resume(quiet.services.database, "something-else", idle=IDLE) is None
    assert await resume(quiet.services.database, TOKEN, idle=IDLE) is None
    assert await authenticate(quiet.services.database, SECRET) is None


async def test_a_disabled_user_is_not_authenticated_until_enabled_again(quiet: Stack) -> None:
    await opened(quiet)
    await change_user(quiet, disabled_at=now())
    assert await authenticate(quiet.services.database, TOKEN) is None
    assert await resume(quiet.services.database, SECRET, idle=IDLE) is None
    assert (await quiet.data("{ viewer { name } }"))["viewer"] is None
    await change_user(quiet, disabled_at=None)
    assert await authenticate(quiet.services.database, TOKEN) is not None
    assert await resume(quiet.services.database, SECRET, idle=IDLE) is not None


@pytest.mark.parametrize(
    "given",
    [
        {"expires_at": now() - timedelta(seconds=1)},
        {"last_used_at": now() - IDLE - timedelta(seconds=1)},
    ],
    ids=["expired", "idle"],
)
async def test_a_session_ends_when_it_is_old_and_when_it_was_not_used(quiet: Stack, given: dict[str, Any]) -> None:
    await opened(quiet, **given)
    assert await resume(quiet.services.database, SECRET, idle=IDLE) is None


async def test_a_session_that_is_used_is_not_idle(quiet: Stack) -> None:
    used = now() - IDLE / 2
    row = await opened(quiet, last_used_at=used)
    await resume(quiet.services.database, SECRET, idle=IDLE)
    statement = select(AppSession.last_used_at).where(col(AppSession.id) == row.id)
    ((noted,),) = await quiet.services.database.rows(statement)
    assert noted > used
    await resume(quiet.services.database, SECRET, idle=IDLE)
    assert await quiet.services.database.rows(statement) == [(noted,)]
