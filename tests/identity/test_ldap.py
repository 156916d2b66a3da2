"""Signing in by a real LDAP directory: what is looked for, who is let in, and what it can't be made to do."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlmodel import col, select

from app.core.errors import Conflict
from app.core.settings import Settings
from app.identity.directory import Directory
from app.identity.people import Person
from app.tables.events import Event
from app.tables.identity import Source, User
from tests.identity.browser import PASSWORD, Browser, browsing
from tests.identity.slapd import GROUPS, PEOPLE, READER, READERS_PASSWORD, Slapd, serving
from tests.stack import Stack

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]
CAROLS, ODDS = "carols password in the directory", "odd password in the directory"
CAROL = Person(Source.LDAP, "", f"uid=carol,{PEOPLE}", "carol", frozenset({"platform"}))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def slapd(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Slapd]:
    async with serving(tmp_path_factory.mktemp("slapd")) as running:
        yield running


def settings_for(slapd: Slapd, **changed: object) -> dict[str, Any]:
    return {
        "ldap_url": f"ldaps://127.0.0.1:{slapd.tls_port}",
        "ldap_ca_file": slapd.ca_file,
        "ldap_bind_dn": READER,
        "ldap_bind_password": READERS_PASSWORD,
        "ldap_user_base": PEOPLE,
        "ldap_group_base": GROUPS,
        "ldap_roles": {"platform": {"default": "DEPLOYER"}},
        **changed,
    }


@pytest.fixture
def directory(slapd: Slapd) -> Iterator[Callable[..., Directory]]:
    """Makes a client of the directory; settings can be changed by name."""
    made: list[Directory] = []

    def make(**changed: object) -> Directory:
        made.append(Directory(Settings(**settings_for(slapd, **changed))))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest_asyncio.fixture(loop_scope="session")
async def stack(new_stack: NewStack, slapd: Slapd) -> AsyncIterator[Stack]:
    async with new_stack(working=False, **settings_for(slapd)) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def browser(stack: Stack) -> AsyncIterator[Browser]:
    async with browsing(stack) as opened:
        yield opened


async def test_a_user_of_the_directory_signs_in_with_the_roles_of_their_groups(stack: Stack, browser: Browser) -> None:
    await browser.sign_in("carol", CAROLS)
    query = "{ viewer { name source hasPassword } memberships { organization role } sessions { method } }"
    expected = {
        "viewer": {"name": "carol", "source": "LDAP", "hasPassword": False},
        "memberships": [{"organization": "default", "role": "DEPLOYER"}],
        "sessions": [{"method": "LDAP"}],
    }
    assert await browser.data(query) == expected
    await browser.sign_in("carol", CAROLS)
    assert await browser.data(query) == expected
    events = await stack.services.database.rows(
        select(Event.kind, Event.via).where(Event.actor == "carol").order_by(col(Event.position))
    )
    opened = ("session.opened", "ldap")
    assert [tuple(row) for row in events] == [("role.set", "ldap"), opened, opened]
    await stack.mutate("disableUser", "__typename", user="carol")
    answer = await browser.mutate("signIn", "__typename", name="carol", password=CAROLS)
    assert answer["code"] == "user_disabled"


async def test_a_wrong_or_empty_password_and_an_unknown_or_ambiguous_name_are_refused(
    stack: Stack, browser: Browser
) -> None:
    attempts = [
        ("carol", "wrong"),
        ("carol", ""),
        ("carol", "\x00"),
        ("unknown", CAROLS),
        ("", CAROLS),
        ("*", CAROLS),
        ("carol)(uid=*", CAROLS),
        ("*)(userPassword=*", CAROLS),
        ("twin", "twins password in the directory"),
        ("x" * 300, CAROLS),
        ("reader", READERS_PASSWORD),
    ]
    answers = [await browser.mutate("signIn", "__typename", name=name, password=word) for name, word in attempts]
    assert [answer["code"] for answer in answers] == ["wrong_credentials"] * len(attempts)
    assert len({answer["message"] for answer in answers}) == 1
    names = await stack.services.database.rows(select(User.name))
    assert [tuple(row) for row in names] == [("admin",)]


async def test_the_directory_does_not_authenticate_a_local_user_of_the_same_name(
    stack: Stack, browser: Browser
) -> None:
    await stack.mutate("createUser", "__typename", name="carol", role="ADMIN", password=PASSWORD)
    answer = await browser.mutate("signIn", "__typename", name="carol", password=CAROLS)
    assert answer["code"] == "wrong_credentials"
    await browser.sign_in("carol", PASSWORD)
    assert (await browser.data("{ viewer { source } }")) == {"viewer": {"source": "LOCAL"}}


async def test_special_characters_in_names_are_escaped_for_the_directory(directory: Callable[..., Directory]) -> None:
    person = await directory().person("odd(name)*", ODDS)
    assert person is not None
    assert (person.name, person.groups) == ("odd(name)*", frozenset({"odd ones"}))
    assert await directory().person("odd*", ODDS) is None


@pytest.mark.parametrize("changed", [{}, {"ldap_user_filter": "(mail={name}@example.com)"}, {"ldap_group_base": ""}])
async def test_how_people_and_groups_are_found_can_be_set(
    directory: Callable[..., Directory], changed: dict[str, str]
) -> None:
    person = await directory(**changed).person("carol", CAROLS)
    assert person is not None
    assert person.subject == CAROL.subject
    assert person.groups == (frozenset() if "ldap_group_base" in changed else CAROL.groups)


async def test_an_ldap_connection_switches_to_tls_at_once(directory: Callable[..., Directory], slapd: Slapd) -> None:
    plain = {"ldap_url": f"ldap://127.0.0.1:{slapd.port}"}
    assert await directory(**plain).person("carol", CAROLS) == CAROL
    assert await directory(**plain, ldap_start_tls=False).person("carol", CAROLS) == CAROL
    with pytest.raises(Conflict, match="cannot be reached"):
        await directory(**plain, ldap_ca_file=None).person("carol", CAROLS)


async def test_a_directory_with_a_wrong_certificate_is_sent_no_password(
    directory: Callable[..., Directory], slapd: Slapd
) -> None:
    for changed in ({"ldap_ca_file": None}, {"ldap_url": f"ldaps://localhost:{slapd.tls_port}"}):
        with pytest.raises(Conflict, match="cannot be reached"):
            await directory(**changed).person("carol", CAROLS)


async def test_a_directory_that_is_unreachable_is_reported_and_local_users_do_not_need_it(
    new_stack: NewStack, slapd: Slapd, tmp_path: Path
) -> None:
    for changed in ({"ldap_url": "ldaps://127.0.0.1:1"}, {"ldap_bind_password": "wrong"}):
        async with new_stack(working=False, **settings_for(slapd, **changed)) as stack, browsing(stack) as browser:
            answer = await browser.mutate("signIn", "__typename", name="carol", password=CAROLS)
            assert (answer["__typename"], answer["code"]) == ("Conflict", "directory_unreachable")
            await stack.mutate("createUser", "__typename", name="carol", role="VIEWER", password=PASSWORD)
            await browser.sign_in("carol", PASSWORD)
