"""Local users: who may register, signing in with a name and a password, and passwords that are changed."""

import asyncio
import os
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlmodel import col, select, update

from app.identity.passwords import Passwords
from app.identity.setup_code import new_setup_code
from app.tables.columns import now
from app.tables.identity import AppSession, Role, SetupCode, User
from tests.identity.browser import PASSWORD, browsing
from tests.identity.callers import token_of
from tests.stack import Stack

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]
OTHER = "unlikely words of another kind"

REGISTERED = "... on RegisterPayload { user { name admin source hasPassword } }"
ACCOUNT = "... on AccountPayload { user { name disabledAt } }"


async def register(stack: Stack, name: str = "carol", password: str = PASSWORD, code: str | None = None) -> Any:
    """Registers with the given setup code, or with a new one where there is no user yet."""
    code = code or await new_setup_code(stack.services)
    return await stack.mutate("register", REGISTERED, None, name=name, password=password, setupCode=code)


@pytest.fixture
def empty(new_stack: NewStack) -> Callable[..., AbstractAsyncContextManager[Stack]]:
    """Opens a Polyhelm that has no user yet."""
    return lambda **settings: new_stack(working=False, users=False, **settings)


async def test_the_first_to_register_is_the_admin_and_registration_is_closed_then(empty: NewStack) -> None:
    async with empty() as stack:
        options = "{ signInOptions { registration setupCode } }"
        assert await stack.data(options, None) == {"signInOptions": {"registration": True, "setupCode": True}}
        assert (await register(stack))["user"] == {
            "name": "carol",
            "admin": True,
            "source": "LOCAL",
            "hasPassword": True,
        }
        assert (await register(stack, "dave"))["code"] == "registration_closed"
        assert await stack.data(options, None) == {"signInOptions": {"registration": False, "setupCode": False}}
        async with browsing(stack) as browser:
            await browser.sign_in("carol")
            answer = await browser.data("{ viewer { name admin } memberships { organization role } }")
        assert answer == {
            "viewer": {"name": "carol", "admin": True},
            "memberships": [{"organization": "default", "role": "ADMIN"}],
        }


@pytest.mark.parametrize("mode", ["admin_only", "enabled"])
async def test_exactly_one_becomes_the_admin_however_many_register_at_once(empty: NewStack, mode: str) -> None:
    names = [f"user-{number}" for number in range(6)]
    async with empty(registration=mode) as stack:
        code = await new_setup_code(stack.services)
        answers = await asyncio.gather(*(register(stack, name, code=code) for name in names))
        admins = [answer["user"]["name"] for answer in answers if answer.get("user", {}).get("admin")]
        assert len(admins) == 1
        rows = await stack.services.database.rows(select(User.name, User.admin).order_by(User.name))
        kept = names if mode == "enabled" else admins
        assert [tuple(row) for row in rows] == [(name, name in admins) for name in kept]


@pytest.mark.parametrize("mode", ["admin_only", "enabled"])
async def test_without_the_newest_setup_code_nobody_becomes_the_first_user(empty: NewStack, mode: str) -> None:
    async with empty(registration=mode) as stack:
        assert await new_setup_code(stack.services) is not None
        older = await new_setup_code(stack.services)
        code = await new_setup_code(stack.services)
        assert code is not None
        for wrong in ("x", "", older, code[:-1]):
            answer = await register(stack, code=wrong or " ")
            assert (answer["code"], answer["path"]) == ("setup_code_wrong", ["setupCode"])
        assert await stack.services.database.rows(select(User.id)) == []
        assert (await register(stack, code=f" {code.upper()} "))["user"]["admin"] is True
        assert await stack.services.database.rows(select(SetupCode.id)) == []
        assert await new_setup_code(stack.services) is None


async def test_where_everybody_may_register_a_new_user_belongs_to_no_organization(empty: NewStack) -> None:
    async with empty(registration="enabled") as stack:
        await register(stack)
        assert (await register(stack, "dave"))["user"]["admin"] is False
        assert (await register(stack, "dave"))["code"] == "name_taken"
        async with browsing(stack) as browser:
            await browser.sign_in("dave")
            assert await browser.data("{ memberships { role } }") == {"memberships": []}
            assert (await browser.ask("{ clusters { nodes { id } } }"))["errors"][0]["extensions"]["code"] == (
                "organization_needed"
            )


async def test_where_registration_is_disabled_not_even_the_first_may_register(empty: NewStack) -> None:
    async with empty(registration="disabled") as stack:
        assert (await register(stack))["code"] == "registration_closed"
        assert await stack.services.database.rows(select(User.id)) == []


async def test_reserved_names_and_passwords_that_are_short_or_easy_are_refused(empty: NewStack) -> None:
    refused = [
        ("root", PASSWORD, [["name"]]),
        ("Carol", PASSWORD, [["name"]]),
        ("carol", "x" * 14, [["password"]]),
        ("carol", "passwordpassword", [["password"]]),
        ("carol", "carolcarolcarolcarol", [["password"]]),
        ("carol", "abcabcabcabcabcabc", [["password"]]),
        ("carol", PASSWORD * 20, [["password"]]),
        ("system", "123456789012345", [["name"], ["password"]]),
    ]
    async with empty() as stack:
        for name, password, problems in refused:
            answer = await register(stack, name, password)
            assert [found["path"] for found in answer["problems"]] == problems, (name, password)
        assert await stack.services.database.rows(select(User.id)) == []


async def test_a_new_user_of_an_admin_can_be_given_a_password(quiet: Stack) -> None:
    fields = "... on UserPayload { user { name hasPassword } }"
    given = {"name": "carol", "role": "VIEWER"}
    assert (await quiet.mutate("createUser", fields, **given, password="easy"))["problems"][0]["path"] == ["password"]
    assert (await quiet.mutate("createUser", fields, **given, password=PASSWORD))["user"]["hasPassword"] is True
    assert (await quiet.mutate("createUser", fields, **given | {"name": "root"}))["problems"][0]["path"] == ["name"]
    async with browsing(quiet) as browser:
        await browser.sign_in("carol")


async def test_an_unknown_name_a_wrong_password_and_a_disabled_user_look_alike(
    quiet: Stack, carol: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That they take alike is told by what is worked out: one hash for each, however it ends."""
    hashed = 0
    verify = Passwords.verify

    async def counted(*arguments: Any) -> Any:
        nonlocal hashed
        hashed += 1
        return await verify(*arguments)

    monkeypatch.setattr(Passwords, "verify", counted)
    await quiet.mutate("createUser", "... on UserPayload { token }", name="dave", role="VIEWER", password=PASSWORD)
    await quiet.mutate("disableUser", ACCOUNT, user="dave")
    attempts = [
        (carol, OTHER),
        (carol, ""),
        ("nobody-at-all", PASSWORD),
        ("dave", PASSWORD),
        ("admin", PASSWORD),  # who has no password
        ("No Name\x00", PASSWORD),
    ]
    async with browsing(quiet) as browser:
        answers = [await browser.mutate("signIn", "__typename", name=name, password=word) for name, word in attempts]
        assert browser.cookies == {}
    refused = {
        "__typename": "Forbidden",
        "code": "wrong_credentials",
        "message": "Wrong name or password.",
        "path": [],
    }
    assert answers == [refused] * len(attempts)
    assert hashed == len(attempts)


async def test_a_password_may_be_typed_on_any_keyboard(quiet: Stack, carol: str) -> None:
    await quiet.mutate("setPassword", ACCOUNT, user=carol, password="Zu\u0308rich liegt am See")
    async with browsing(quiet) as browser:
        await browser.sign_in(carol, "Z\u00fcrich liegt am See")


async def test_an_older_hash_is_replaced_at_sign_in(quiet: Stack, carol: str) -> None:
    weak = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=1024),)).hash(PASSWORD)
    async with quiet.services.transaction() as transaction:
        await transaction.session.execute(update(User).where(col(User.name) == carol).values(password=weak))
    async with browsing(quiet) as browser:
        await browser.sign_in(carol)
        await browser.sign_in(carol)
    ((stored,),) = await quiet.services.database.rows(select(User.password).where(col(User.name) == carol))
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


async def test_a_user_changes_their_password_with_the_current_one_and_is_signed_out_elsewhere(
    quiet: Stack, carol: str
) -> None:
    async with browsing(quiet) as here, browsing(quiet) as there:
        await here.sign_in(carol)
        await there.sign_in(carol)
        for current in (None, OTHER):
            answer = await here.mutate("setPassword", ACCOUNT, password=OTHER, currentPassword=current)
            assert (answer["code"], answer["path"]) == ("wrong_credentials", ["currentPassword"])
        answer = await here.mutate("setPassword", ACCOUNT, password=OTHER, currentPassword=PASSWORD)
        assert answer == {"user": {"name": carol, "disabledAt": None}}
        assert (await here.viewer(), await there.viewer()) == (carol, None)
        assert (await there.mutate("signIn", "__typename", name=carol, password=PASSWORD))["code"] == (
            "wrong_credentials"
        )
        await there.sign_in(carol, OTHER)


async def test_an_admin_sets_the_password_of_others_who_are_signed_out_by_that(quiet: Stack, carol: str) -> None:
    async with browsing(quiet) as browser:
        await browser.sign_in(carol)
        assert await quiet.mutate("setPassword", ACCOUNT, user=carol, password=OTHER) == {
            "user": {"name": carol, "disabledAt": None}
        }
        assert await browser.viewer() is None
        answer = await quiet.mutate("setPassword", ACCOUNT, user="nobody-at-all", password=OTHER)
        assert answer["code"] == "user_not_found"


async def test_a_token_that_is_limited_or_expires_gives_no_password_to_its_user(quiet: Stack) -> None:
    made = "... on ApiTokenPayload { token }"
    for limits, code in (
        ({"role": "VIEWER"}, "token_limited"),
        ({"expiresAt": "2099-01-01T00:00:00Z"}, "token_expires"),
    ):
        token = (await quiet.mutate("createApiToken", made, name=code, **limits))["token"]
        answer = await quiet.mutate("setPassword", ACCOUNT, token, password=OTHER)
        assert (answer["__typename"], answer["code"]) == ("Forbidden", code)
    assert await quiet.mutate("setPassword", ACCOUNT, password=OTHER) == {"user": {"name": "admin", "disabledAt": None}}


async def test_a_token_that_expires_makes_no_user_and_no_password_that_outlive_it(quiet: Stack, carol: str) -> None:
    made = await quiet.mutate(
        "createApiToken", "... on ApiTokenPayload { token }", name="short", expiresAt="2099-01-01T00:00:00Z"
    )
    users = await quiet.services.database.rows(select(User.name, User.password).order_by(User.name))
    for mutation, given in (
        ("createUser", {"name": "eve", "role": "VIEWER"}),
        ("createUser", {"name": "eve", "role": "VIEWER", "password": OTHER}),
        ("setPassword", {"user": carol, "password": OTHER}),
    ):
        answer = await quiet.mutate(mutation, "__typename", made["token"], **given)
        assert (answer["__typename"], answer["code"]) == ("Forbidden", "token_expires")
    assert await quiet.services.database.rows(select(User.name, User.password).order_by(User.name)) == users


async def test_a_disabled_user_is_signed_out_at_once_and_the_last_admin_cannot_be_disabled(
    quiet: Stack, carol: str
) -> None:
    async with browsing(quiet) as browser:
        await browser.sign_in(carol)
        answer = await quiet.mutate("disableUser", ACCOUNT, user=carol)
        assert answer["user"]["disabledAt"] is not None
        assert await browser.viewer() is None
        assert await quiet.mutate("disableUser", ACCOUNT, user=carol) == answer
        assert await quiet.mutate("enableUser", ACCOUNT, user=carol) == {"user": {"name": carol, "disabledAt": None}}
        assert await browser.viewer() is None
        await browser.sign_in(carol)
    assert (await quiet.mutate("disableUser", ACCOUNT, user="admin"))["code"] == "last_admin"
    query = "{ users { nodes { name admin source hasPassword disabledAt } } }"
    assert (await quiet.data(query))["users"]["nodes"] == [
        {"name": "admin", "admin": True, "source": "LOCAL", "hasPassword": False, "disabledAt": None},
        {"name": carol, "admin": False, "source": "LOCAL", "hasPassword": True, "disabledAt": None},
    ]


async def test_two_admins_who_disable_each_other_at_once_leave_one(quiet: Stack) -> None:
    token = await token_of(quiet, Role.ADMIN)
    async with quiet.services.transaction() as transaction:
        await transaction.session.execute(update(User).values(admin=True))
    answers = await asyncio.gather(
        quiet.mutate("disableUser", ACCOUNT, user="admin-of-default"),
        quiet.mutate("disableUser", ACCOUNT, token, user="admin"),
    )
    assert len([answer for answer in answers if "user" in answer]) == 1
    assert len(await quiet.services.database.rows(select(User.id).where(col(User.disabled_at).is_(None)))) == 1


async def test_sessions_whose_time_is_over_are_removed_at_the_next_sign_in(quiet: Stack, carol: str) -> None:
    async with browsing(quiet) as browser:
        await browser.sign_in(carol)
        async with quiet.services.transaction() as transaction:
            await transaction.session.execute(update(AppSession).values(expires_at=now()))
        assert await browser.viewer() is None
    async with browsing(quiet) as other:
        await other.sign_in(carol)
    assert len(await quiet.services.database.rows(select(AppSession.id))) == 1


async def test_more_passwords_than_can_be_checked_soon_are_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PasswordHash, "recommended", lambda: PasswordHash((Argon2Hasher(time_cost=1, memory_cost=64),)))
    passwords = Passwords()
    try:
        checks = [asyncio.create_task(passwords.verify("x", None)) for _ in range(200)]
        done = await asyncio.gather(*checks, return_exceptions=True)
        assert {str(found) for found in done if found != (False, None)} == {
            "Too many users are signing in. Try again in a moment."
        }
        assert len([found for found in done if found == (False, None)]) == 64 + max(2, (os.cpu_count() or 1) // 2)
    finally:
        passwords.close()
