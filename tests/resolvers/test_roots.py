"""Queries that belong to no subject."""

from importlib.metadata import version

from tests.stack import Stack


async def test_the_server_has_a_version(quiet: Stack) -> None:
    assert await quiet.data("{ version }") == {"version": version("polyhelm")}
