"""Marking a revision as failed that a run has left unfinished."""

from reconcilers.actions.deployment import Deploy
from reconcilers.actions.marking import MarkFailed
from tests.live import hands
from tests.reconcilers.actions.conftest import Site


async def test_a_pending_revision_is_marked_as_failed_and_no_helm_runs(site: Site) -> None:
    await site.perform(Deploy(site.manifests, exists=False))
    hands.upgrade(site.member, "shop", {"replicas": 3}, status="pending-upgrade")
    assert await site.perform(MarkFailed()) is None
    assert hands.statuses(site.member, "shop") == {1: "superseded", 2: "failed"}
    assert site.begun == [0]


async def test_an_upgrade_succeeds_after_a_pending_revision_was_marked_as_failed(site: Site) -> None:
    await site.perform(Deploy(site.manifests, exists=False))
    hands.upgrade(site.member, "shop", {"replicas": 3}, status="pending-upgrade")
    await site.perform(MarkFailed())
    await site.perform(Deploy(site.manifests, exists=True))
    assert hands.statuses(site.member, "shop")[3] == "deployed"
