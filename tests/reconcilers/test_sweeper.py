"""What the sweeper finds."""

from app.core.limiter import Limiter
from reconcilers.sweeper import Sweeper
from tests.stack import Stack


async def test_limiters_are_shared_once_there_is_a_second_organization(quiet: Stack) -> None:
    pool = Limiter("test", 4, each=3)
    sweeper = Sweeper(quiet.services, lambda _: None, lambda _: None, [pool])
    await sweeper.find_due()
    assert not pool.is_shared
    await quiet.mutate("createOrganization", "__typename", name="second")
    await sweeper.find_due()
    assert pool.is_shared
