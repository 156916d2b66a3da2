"""Uninstalling a release."""

from reconcilers.actions.deployment import Deploy
from reconcilers.actions.removal import Uninstall
from tests.live import hands
from tests.reconcilers.actions.conftest import Site


async def test_an_uninstall_removes_the_release_with_its_history(site: Site) -> None:
    await site.perform(Deploy(site.manifests, exists=False))
    await site.perform(Deploy(site.manifests, exists=True))
    await site.perform(Uninstall())
    assert hands.revisions(site.member, "shop") == []
    assert site.begun == [0, 1, 2]


async def test_an_uninstall_of_what_is_gone_succeeds(site: Site) -> None:
    await site.perform(Uninstall())
    assert hands.revisions(site.member, "shop") == []
