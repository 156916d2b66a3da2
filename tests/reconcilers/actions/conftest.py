"""Work on a target of a deployment, taken as a worker takes it, and a task that an action gets of it."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import pytest_asyncio

from app.operations.work import Work, intend, take
from app.releases.step import ReleaseAction
from app.targets import leases
from app.targets.sightings import look_at_release
from reconcilers.actions.action import Action, Task
from reconcilers.actions.removal import Uninstall
from reconcilers.actions.validation import KnownManifests
from schema.relay.ids import row_id
from simulator import Member
from tests.stack import Stack


@dataclass
class Site:
    """`begun` has the release's revision each time when an action said that it begins. `meanwhile` is called then:
    somebody else does something between our look and Helm's."""

    stack: Stack
    member: Member
    deployment_id: str
    work: Work
    manifests: KnownManifests = field(default_factory=KnownManifests)
    begun: list[int] = field(default_factory=list)
    meanwhile: Callable[[], object] = lambda: None

    async def perform(self, action: Action, *, hooks: bool = True) -> str | None:
        """Performs an action with the release as it is now."""
        services, deployment = self.stack.services, self.work.deployment
        names = deployment.namespace, deployment.release_name
        seen = await look_at_release(services.members.of(self.work.cluster), self.work.cluster.id, *names)

        async def begin() -> None:
            self.begun.append(seen.release.revision if seen.release else 0)
            runs = ReleaseAction.UNINSTALL if isinstance(action, Uninstall) else ReleaseAction.UPGRADE
            if not seen.release:
                runs = ReleaseAction.INSTALL
            await intend(services, self.work, runs, seen, self.work.desired, counts=True)
            self.meanwhile()

        return await action.perform(Task(services, self.work, seen, begin, hooks=hooks))


@pytest_asyncio.fixture(loop_scope="session")
async def site(quiet: Stack, simulated: Callable[[str], Member]) -> AsyncIterator[Site]:
    """A deployment that no worker has worked on yet."""
    paris = simulated("paris")
    await quiet.fleet({"paris": paris.kubeconfig})
    answer = await quiet.create(releaseName="shop", values={"replicas": 2})
    deployment_id = answer["deployment"]["id"]
    (target,) = (await quiet.targets(deployment_id)).values()
    work = await take(quiet.services, row_id(target["id"], "DeploymentTarget"), "a worker")
    assert work is not None
    async with leases.kept(quiet.services, work.lease):
        yield Site(quiet, paris, deployment_id, work)
