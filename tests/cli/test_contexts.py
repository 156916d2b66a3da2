"""Signing in, and which server a command goes to."""

from pathlib import Path

import pytest

from cli import contexts
from cli.contexts import Context, Contexts
from cli.failure import Failure
from tests.cli.polyhelm import Polyhelm
from tests.stack import TOKEN

ONE, OTHER = Context("https://one.example.com", "token-of-one"), Context("https://other.example.com", "token-of-other")


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    contexts.save(Contexts().with_context("other", OTHER).with_context("one", ONE))


@pytest.mark.parametrize(
    ("given", "chosen"),
    [
        ((None, None, None, None), ONE),
        (("other", None, None, None), OTHER),
        ((None, "https://other.example.com/graphql", None, None), OTHER),
        ((None, "other.example.com", "mine", None), Context("https://other.example.com", "mine")),
        ((None, None, "mine", "acme"), Context("https://one.example.com", "mine", "acme")),
        ((None, "https://new.example.com", "mine", None), Context("https://new.example.com", "mine")),
    ],
)
def test_options_and_the_environment_come_before_the_context(
    stored: None, given: tuple[str | None, str | None, str | None, str | None], chosen: Context
) -> None:
    assert contexts.choose(*given) == chosen


def test_a_token_goes_to_no_server_but_its_own(stored: None) -> None:
    with pytest.raises(Failure, match=r"There is no token for https://new\.example\.com\."):
        contexts.choose(None, "https://new.example.com", None, None)


@pytest.mark.parametrize(
    ("server", "exposed"),
    [
        ("http://polyhelm.example.com", True),
        ("http://10.0.0.7:8000", True),
        ("https://polyhelm.example.com", False),
        ("http://127.0.0.1:8000", False),
        ("http://localhost:8000", False),
        ("http://[::1]:8000", False),
    ],
)
def test_plain_http_is_for_this_machine_alone(server: str, exposed: bool) -> None:
    assert contexts.is_exposed(server) is exposed


def test_only_its_owner_may_read_the_file(stored: None, tmp_path: Path) -> None:
    path = tmp_path / "polyhelm" / "contexts.json"
    assert [each.name for each in path.parent.iterdir()] == ["contexts.json"]
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


async def test_a_sign_in_is_remembered_for_later_commands(polyhelm: Polyhelm) -> None:
    polyhelm.signed_in.clear()
    done = await polyhelm("cluster", "ls")
    assert (done.code, done.words) == (
        2,
        ["Error: No server configured.", "Next: Sign in: polyhelm login SERVER"],
    )

    given = ("--server", polyhelm.server, f"--token={TOKEN}")
    assert (await polyhelm("-ojson", *given, "cluster", "ls")).data == []
    assert await polyhelm.fine("-q", "cluster", *given, "-o", "json", "ls", "-o", "table") == []

    done = await polyhelm("login", polyhelm.server, "--name", "here", stdin=TOKEN + "\n")
    assert (done.code, done.lines) == (0, [])
    assert done.words == [f"Signed in as admin at {polyhelm.server}, context here."]
    assert await polyhelm.fine("cluster", "ls", "-q") == []
    assert await polyhelm.fine("context", "ls", "-o", "name") == ["here"]
    assert (await polyhelm("context", "show", "-o", "json")).data == {
        "name": "here",
        "server": polyhelm.server,
        "organization": None,
    }

    await polyhelm.fine("login", polyhelm.server, "--name", "there", "--organization", "default", "--token", TOKEN)
    server = polyhelm.server
    assert await polyhelm.fine("context", "ls") == [
        f"CURRENT   NAME    SERVER{' ' * (len(server) - 6)}   ORGANIZATION",
        f"-         here    {server}   -",
        f"*         there   {server}   default",
    ]
    await polyhelm.fine("context", "use", "here")
    assert (await polyhelm.fine("context", "show"))[0] == "Name:     here"
    await polyhelm.fine("context", "rm", "here")
    assert (await polyhelm("context", "show")).words == [
        "Error: There is no current context.",
        "Next: " + contexts.SIGN_IN,
    ]
    done = await polyhelm("context", "use", "here")
    assert (done.code, done.words) == (
        1,
        ["Error: There is no context 'here'.", "Next: List contexts: polyhelm context ls"],
    )


@pytest.mark.parametrize(
    ("server", "token", "code", "words"),
    [
        ("http://127.0.0.1:1", TOKEN, 1, "Error: http://127.0.0.1:1 is unreachable: [Errno 111] Connection refused"),
        ("ftp://example.com", TOKEN, 2, "Error: 'ftp://example.com' is not a valid server address."),
        (None, "nobody's", 1, "Error: {server} does not accept the token."),
        (None, "", 2, "Error: No token was given."),
    ],
)
async def test_a_sign_in_that_fails_says_why_and_keeps_nothing(
    polyhelm: Polyhelm, server: str | None, token: str, code: int, words: str
) -> None:
    polyhelm.signed_in.clear()
    done = await polyhelm("login", server or polyhelm.server, stdin=token + "\n")
    assert (done.code, done.words[0]) == (code, words.format(server=polyhelm.server))
    assert len(done.words) == 2 and done.words[1].startswith(("Next: ", "Next: Is it"))
    assert not (polyhelm.home / ".config").exists()


async def test_a_server_that_is_not_polyhelm_is_reported(polyhelm: Polyhelm) -> None:
    done = await polyhelm("cluster", "ls", "--server", f"{polyhelm.server}/elsewhere")
    assert (done.code, done.words) == (
        1,
        [
            f"Error: {polyhelm.server}/elsewhere is not a Polyhelm server (HTTP 405).",
            "Next: Check the address (--server).",
        ],
    )


async def test_a_token_that_was_revoked_is_refused(polyhelm: Polyhelm) -> None:
    done = await polyhelm("cluster", "ls", "--token", "revoked")
    assert (done.code, done.words) == (
        1,
        [
            f"Error: {polyhelm.server} does not accept the token.",
            f"Next: Sign in again: polyhelm login {polyhelm.server}",
        ],
    )


async def test_a_broken_file_is_named(polyhelm: Polyhelm) -> None:
    polyhelm.signed_in.clear()
    path = polyhelm.home / ".config" / "polyhelm" / "contexts.json"
    path.parent.mkdir(parents=True)
    path.write_text("{")
    done = await polyhelm("status")
    assert done.code == 1
    assert done.words[0].startswith(f"Error: {path} cannot be read: ")
    assert done.words[1] == "Next: Fix or remove the file, and sign in again."
