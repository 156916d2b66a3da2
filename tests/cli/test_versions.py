"""A client that is older or newer than its server says so, once."""

import json
from importlib.metadata import version

import pytest

from cli.versions import difference
from resolvers import roots
from tests.cli.polyhelm import Polyhelm

OWN = version("polyhelm")


@pytest.mark.parametrize(
    ("server", "words"),
    [
        (
            "999.0.0",
            f"Note: this polyhelm is {OWN}, the server is newer (999.0.0). Update it: pip install polyhelm==999.0.0",
        ),
        (
            "0.0.1",
            f"Note: this polyhelm is {OWN}, the server is older (0.0.1). Some commands may not work with it. Update the"
            " server, or install the matching version of polyhelm.",
        ),
    ],
)
async def test_another_version_is_reported_once_for_each_version(
    polyhelm: Polyhelm, monkeypatch: pytest.MonkeyPatch, server: str, words: str
) -> None:
    command = ("token", "ls")
    assert (await polyhelm(*command)).words == []
    monkeypatch.setattr(roots, "VERSION", server)
    assert (await polyhelm(*command)).words == []  # it was asked today
    forget_when(polyhelm)
    assert (await polyhelm(*command, "--quiet")).words == []
    done = await polyhelm(*command)
    assert (done.code, done.words) == (0, [words])
    forget_when(polyhelm)
    assert (await polyhelm(*command)).words == []


def forget_when(program: Polyhelm) -> None:
    """As if a day had passed."""
    path = program.home / ".cache" / "polyhelm" / "servers.json"
    known = json.loads(path.read_text())
    for entry in known.values():
        entry["asked"] = 0
    path.write_text(json.dumps(known))


def test_a_server_from_before_versions_is_older() -> None:
    assert "the server is older (unknown version)" in difference(None)
