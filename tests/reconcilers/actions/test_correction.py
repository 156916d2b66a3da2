"""Setting objects back to the manifest of their release, without Helm. tests/real has the same on API servers."""

from sqlmodel import col, select, update

from app.drift.states import DriftState
from app.releases.inventory import ResourceOrigin
from app.tables.resources import LiveResource
from app.tables.targets import Target
from app.targets.sightings import look_at_release
from reconcilers.actions.correction import CorrectObjects
from reconcilers.actions.deployment import Deploy
from tests.live import hands
from tests.reconcilers.actions.conftest import Site
from tests.resources.test_following import change, delete

CONFIG_MAPS = ("", "configmaps")
VALUES = '{"replicas":2}'
CHANGED = '{"replicas":9}'


async def drifted(site: Site, name: str = "shop", state: DriftState = DriftState.DRIFTED) -> None:
    """Writes what a comparison with the present record of the release has found."""
    services, target = site.stack.services, site.work.target
    names = site.work.deployment.namespace, site.work.deployment.release_name
    seen = await look_at_release(services.members.of(site.work.cluster), site.work.cluster.id, *names)
    async with services.transaction() as transaction:
        found = {"inventory_version": seen.secret_version, "drift_due": False}
        await transaction.session.execute(update(Target).where(col(Target.id) == target.id).values(**found))
        transaction.session.add(
            LiveResource(
                target_id=target.id,
                api_group="",
                api_version="v1",
                kind="ConfigMap",
                plural="configmaps",
                namespace="default",
                name=name,
                origin=ResourceOrigin.MANIFEST,
                manifest_digest=b"",
                drift=state,
            )
        )


async def states(site: Site) -> list[tuple[DriftState, int]]:
    """The state of each object, and how often it was corrected."""
    statement = select(LiveResource.drift, LiveResource.corrections).order_by(col(LiveResource.id))
    return [(state, corrections) for state, corrections in await site.stack.services.database.rows(statement)]


def value(site: Site) -> object:
    (found,) = site.member.objects("configmaps")
    return found["data"]["values"]


async def test_an_object_is_set_back_without_helm_and_without_a_new_revision(site: Site) -> None:
    await site.perform(Deploy(site.manifests, exists=False))
    change(site.member, CONFIG_MAPS, data={"values": CHANGED})
    await drifted(site)
    assert await site.perform(CorrectObjects()) == "ConfigMap default/shop reverted: /data/values"
    assert value(site) == VALUES
    assert hands.statuses(site.member, "shop") == {1: "deployed"}
    assert site.begun == [0]  # by the install
    assert await states(site) == [(DriftState.UNKNOWN, 1)]


async def test_a_missing_object_is_created_again(site: Site) -> None:
    await site.perform(Deploy(site.manifests, exists=False))
    delete(site.member, CONFIG_MAPS)
    await drifted(site, state=DriftState.MISSING)
    assert await site.perform(CorrectObjects()) == "ConfigMap default/shop created again"
    assert value(site) == VALUES


async def test_nothing_is_written_where_nothing_differs_any_more(site: Site) -> None:
    await site.perform(Deploy(site.manifests, exists=False))
    await drifted(site)
    assert await site.perform(CorrectObjects()) is None
    assert await states(site) == [(DriftState.UNKNOWN, 0)]


async def test_nothing_is_written_once_the_release_has_changed_since_the_comparison(site: Site) -> None:
    await site.perform(Deploy(site.manifests, exists=False))
    change(site.member, CONFIG_MAPS, data={"values": CHANGED})
    await drifted(site)
    hands.upgrade(site.member, "shop", {"replicas": 3})
    assert await site.perform(CorrectObjects()) is None
    assert value(site) == CHANGED
    assert await states(site) == [(DriftState.DRIFTED, 0)]
