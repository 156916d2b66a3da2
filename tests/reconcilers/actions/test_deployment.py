"""Installing a release, and upgrading it."""

from dataclasses import replace

import pytest

from app.core.errors import ActionError
from app.operations.work import Work
from app.releases.release import Desired
from reconcilers.actions.deployment import Deploy
from tests.live import hands
from tests.reconcilers.actions.conftest import Site


def changed(work: Work, **values: object) -> Work:
    assert work.desired is not None
    return replace(work, desired=Desired(work.desired.chart_name, work.desired.chart_version, values))


async def test_an_install_makes_the_first_revision_with_the_values_and_its_namespace(site: Site) -> None:
    site.work.deployment.namespace = "new"
    words = await site.perform(Deploy(site.manifests, exists=False))
    assert words is not None and "STATUS: deployed" in words
    assert hands.revisions(site.member, "shop") == [1]
    assert hands.values(site.member, "shop") == {"replicas": 2}
    assert site.begun == [0]


async def test_an_upgrade_adds_a_revision_with_just_the_values_that_are_wanted_now(site: Site) -> None:
    await site.perform(Deploy(site.manifests, exists=False))
    site.work = changed(site.work)
    await site.perform(Deploy(site.manifests, exists=True))
    assert hands.revisions(site.member, "shop") == [1, 2]
    assert hands.values(site.member, "shop") == {}
    assert site.begun == [0, 1]


async def test_an_install_over_a_release_fails_and_leaves_it_as_it_was(site: Site) -> None:
    await site.perform(Deploy(site.manifests, exists=False))
    site.work = changed(site.work, replicas=3)
    with pytest.raises(ActionError):
        await site.perform(Deploy(site.manifests, exists=False))
    assert hands.revisions(site.member, "shop") == [1]


async def test_an_action_that_cannot_be_prepared_has_not_begun(site: Site) -> None:
    """The chart's archive is nowhere, so that no intent may say that Helm ran."""
    site.work.archive.digest = "0" * 64
    with pytest.raises(ActionError):
        await site.perform(Deploy(site.manifests, exists=False))
    assert site.begun == []


async def test_an_upgrade_of_a_release_that_changed_since_it_was_read_writes_nothing(site: Site) -> None:
    """Else its revision would be another one than its intent names: killed there, it would be nobody's."""
    await site.perform(Deploy(site.manifests, exists=False))
    site.meanwhile = lambda: hands.upgrade(site.member, "shop", {"by": "hand"})
    with pytest.raises(ActionError) as caught:
        await site.perform(Deploy(site.manifests, exists=True))
    assert (caught.value.code, caught.value.wrote) == ("release_changed", False)
    assert hands.statuses(site.member, "shop") == {1: "superseded", 2: "deployed"}


async def test_an_upgrade_of_a_release_that_lost_its_newest_record_writes_nothing(site: Site) -> None:
    await site.perform(Deploy(site.manifests, exists=False))
    await site.perform(Deploy(site.manifests, exists=True))
    site.meanwhile = lambda: hands.lose_newest(site.member, "shop")
    with pytest.raises(ActionError) as caught:
        await site.perform(Deploy(site.manifests, exists=True))
    assert caught.value.code == "release_changed"
    assert hands.revisions(site.member, "shop") == [1]
