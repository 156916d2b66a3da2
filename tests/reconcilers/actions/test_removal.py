"""Uninstalling a release."""

import pytest

from app.core.errors import ActionError
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


async def test_an_uninstall_of_a_missing_release_succeeds(site: Site) -> None:
    await site.perform(Uninstall())
    assert hands.revisions(site.member, "shop") == []


async def test_an_uninstall_of_a_release_that_changed_since_it_was_read_removes_nothing(site: Site) -> None:
    await site.perform(Deploy(site.manifests, exists=False))
    site.meanwhile = lambda: hands.upgrade(site.member, "shop", {"by": "hand"})
    with pytest.raises(ActionError) as caught:
        await site.perform(Uninstall())
    assert (caught.value.code, caught.value.wrote) == ("release_changed", False)
    assert hands.statuses(site.member, "shop") == {1: "superseded", 2: "deployed"}
