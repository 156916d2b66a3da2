"""The first user."""

from app.identity.accounts import bootstrap
from tests.stack import Stack


async def test_the_first_user_is_the_admin_and_a_second_bootstrap_creates_no_user(quiet: Stack) -> None:
    assert await bootstrap(quiet.services, "another-token-for-the-tests") is False
    assert (await quiet.data("{ viewer { name } }", "another-token-for-the-tests"))["viewer"] is None
