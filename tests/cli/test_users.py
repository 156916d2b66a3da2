"""Signing in with a name and a password, and the users of the installation."""

import socket

from sqlmodel import select

from app.tables.identity import AppSession
from tests.cli.polyhelm import Polyhelm
from tests.identity.browser import PASSWORD

OTHER = "unlikely words of another kind"


async def test_a_name_and_a_password_give_a_token_for_this_machine_and_are_not_kept(polyhelm: Polyhelm) -> None:
    token = await polyhelm.fine("user", "add", "carol", "--password", "--role", "deployer", stdin=PASSWORD + "\n")
    assert token[0].startswith("polyhelm_")
    polyhelm.signed_in.clear()

    done = await polyhelm("login", polyhelm.server, "--user", "carol", stdin="something else entirely\n")
    assert (done.code, done.words) == (1, ["Error: Wrong name or password."])
    done = await polyhelm("login", polyhelm.server, "--user", "carol", stdin="")
    assert (done.code, done.words[0]) == (2, "Error: No password was given.")
    for _ in range(2):
        done = await polyhelm("login", polyhelm.server, "--user", "carol", "--name", "here", stdin=PASSWORD + "\n")
        assert done.words == [f"Signed in as carol at {polyhelm.server}, context here."]

    names = await polyhelm.fine("token", "ls", "-o", "name")
    assert names == ["first", f"polyhelm login on {socket.gethostname()}"]
    kept = "".join(path.read_text() for path in polyhelm.home.rglob("*") if path.is_file())
    assert names and PASSWORD not in kept
    assert await polyhelm.stack.services.database.rows(select(AppSession)) == []

    assert (await polyhelm("user", "password", stdin=f"{PASSWORD}\n{OTHER}\n")).code == 0
    done = await polyhelm("login", polyhelm.server, "--user", "carol", stdin=PASSWORD + "\n")
    assert done.code == 1
    assert (await polyhelm("login", polyhelm.server, "--user", "carol", stdin=OTHER + "\n")).code == 0


async def test_admins_list_disable_and_enable_users(polyhelm: Polyhelm) -> None:
    await polyhelm.fine("user", "add", "carol")
    assert await polyhelm.fine("user", "ls") == [
        "NAME    FROM    ADMIN   AGE   STATE",
        "admin   LOCAL   yes <age> -",
        "carol   LOCAL   - <age> -",
    ]
    assert (await polyhelm("user", "disable", "carol")).code == 2
    assert (await polyhelm("user", "disable", "carol", "--yes")).words == ["User carol disabled."]
    assert [found["disabledAt"] is None for found in (await polyhelm("user", "ls", "-o", "json")).data] == [True, False]
    assert (await polyhelm("user", "enable", "carol")).words == ["User carol enabled."]
    done = await polyhelm("user", "disable", "admin", "--yes")
    assert (done.code, done.words[0]) == (1, "Error: admin is the only admin. Appoint another one first.")
    done = await polyhelm("user", "password", "carol", stdin="easy\n")
    assert (done.code, done.words[1]) == (1, "  password: A password has 15 to 256 characters of any kind.")
