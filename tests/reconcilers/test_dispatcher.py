"""Organizations share the slots of a worker: one with much work keeps no other waiting."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

from sqlalchemy import text

from app.core.tenancy import current_tenant
from app.operations import endings, work
from app.operations.due import due_counts, due_targets
from app.program.processes import running
from reconcilers.dispatcher import Dispatcher
from reconcilers.wake_ups import WakeUps
from reconcilers.worker import run_worker, target_dispatcher
from simulator import Member
from tests.live.processes import process
from tests.sample_charts import packaged
from tests.stack import Stack, eventually

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]
ACME, OTHER = 1, 2


async def organization(stack: Stack, name: str, members: dict[str, Member]) -> None:
    """Makes an organization with a group of members, and the test chart."""
    given = {"organization": name}
    if name != "default":
        await stack.mutate("createOrganization", "__typename", name=name)
    for member, simulated in members.items():
        answer = await stack.register(member, simulated.kubeconfig, **given)
        assert "cluster" in answer, answer
    fields = "... on ClusterGroupPayload { clusterGroup { id } }"
    assert await stack.mutate("createClusterGroup", fields, name="fleet", members=list(members), **given)
    await stack.mutate("uploadChart", "__typename", repository="charts", archive=packaged(), **given)


async def organizations(stack: Stack, simulated: Callable[[str], Member], *, clusters: int = 2) -> list[Member]:
    """Two organizations; returns the members of the first."""
    members = {f"acme-{number}": simulated(f"acme-{number}") for number in range(clusters)}
    await organization(stack, "default", members)
    await organization(stack, "other", {"other": simulated("other")})
    return list(members.values())


class Workers:
    """What a dispatcher starts: each goes on until it is told to end, and leaves its target as due as it was."""

    def __init__(self, organizations: dict[int, int]) -> None:
        self.started: list[int] = []
        """The organizations whose work was started, in this order."""
        self._organizations = organizations
        self._ends: list[asyncio.Event] = []

    async def work_on(self, target_id: int) -> bool:
        assert current_tenant() == frozenset((self._organizations[target_id],))
        self.started.append(self._organizations[target_id])
        end = asyncio.Event()
        self._ends.append(end)
        await end.wait()
        return False

    async def have_started(self, *organization_ids: int) -> None:
        async def all_have() -> bool:
            return len(self.started) >= len(organization_ids)

        await eventually(all_have)
        assert self.started == list(organization_ids)

    def end(self, number: int) -> None:
        """Ends the work that was started as this one."""
        self._ends[number].set()


@asynccontextmanager
async def dispatched(stack: Stack) -> AsyncIterator[tuple[Dispatcher, WakeUps, Workers, dict[int, int]]]:
    query = "SELECT target.id, organization_id FROM target JOIN deployment ON deployment.id = deployment_id ORDER BY 1"
    targets = dict(await stack.services.database.rows(text(query)))
    workers = Workers(targets)
    dispatcher = target_dispatcher(stack.services, workers.work_on)
    wake_ups = WakeUps(stack.services, dispatcher.note)
    try:
        async with running(wake_ups.run()):
            yield dispatcher, wake_ups, workers, targets
    finally:
        await dispatcher.stop(grace=0)


async def test_an_organization_leaves_slots_of_a_worker_to_others(
    new_stack: NewStack, simulated: Callable[[str], Member]
) -> None:
    async with new_stack(working=False, worker_concurrency=4) as stack:
        await organizations(stack, simulated)
        for number in range(3):
            await stack.create(releaseName=f"shop-{number}", organization="default")
        await stack.create(releaseName="shop", organization="other")
        async with dispatched(stack) as (_, wake_ups, workers, targets):
            for target_id in targets:
                wake_ups.wake(target_id)
            await workers.have_started(ACME, ACME, ACME, OTHER)
            workers.end(0)
            await workers.have_started(ACME, ACME, ACME, OTHER, ACME)


async def test_a_wake_up_that_comes_while_all_slots_are_taken_gets_the_next_one(
    new_stack: NewStack, simulated: Callable[[str], Member]
) -> None:
    async with new_stack(working=False, worker_concurrency=2, organization_share=100) as stack:
        await organizations(stack, simulated)
        for number in range(3):
            await stack.create(releaseName=f"shop-{number}", organization="default")
        async with dispatched(stack) as (dispatcher, wake_ups, workers, targets):
            dispatcher.note(ACME)
            await workers.have_started(ACME, ACME)
            await stack.create(releaseName="shop", organization="other")
            (newest,) = await due_targets(stack.services, OTHER, limit=10)
            targets[newest] = OTHER
            wake_ups.wake(newest)

            async def waits() -> bool:
                return OTHER in dispatcher._serving

            await eventually(waits)
            workers.end(0)
            await workers.have_started(ACME, ACME, OTHER)


async def test_targets_on_a_cluster_without_a_free_slot_are_skipped(
    new_stack: NewStack, simulated: Callable[[str], Member]
) -> None:
    async with new_stack(working=False, cluster_concurrency=1) as stack:
        services = stack.services
        await organizations(stack, simulated)
        for number in range(2):
            await stack.create(releaseName=f"shop-{number}", organization="default")
        due = await due_targets(services, ACME, limit=10)
        assert await due_counts(services) == {ACME: 4}
        taken = await work.take(services, due[0], "somebody")
        assert taken is not None
        left = await due_targets(services, ACME, limit=10)
        query = "SELECT id FROM target WHERE cluster_id = :cluster ORDER BY id"
        busy = await services.database.rows(text(query), cluster=taken.cluster.id)
        assert left == [target_id for target_id in due if (target_id,) not in busy]
        await endings.give_back(services, taken)
        assert await due_targets(services, ACME, limit=10) == due
        assert await due_targets(services, ACME, without=due[:3], limit=10) == due[3:]
        assert await due_targets(services, OTHER, limit=10) == []


async def test_a_deployment_begins_while_another_organization_has_100_targets_whose_helm_runs_are_slow(
    new_stack: NewStack, simulated: Callable[[str], Member]
) -> None:
    settings = {"worker_concurrency": 8, "helm_concurrency": 4, "cluster_concurrency": 100, "sweep_every": 60}
    async with new_stack(working=False, **settings) as stack:
        slow = await organizations(stack, simulated, clusters=10)
        for number in range(10):
            await stack.create(releaseName=f"shop-{number}", organization="default")
        assert await due_counts(stack.services) == {ACME: 100}
        for member in slow:
            member.faults.latency = 0.5
        async with running(run_worker(stack.services)):

            async def all_slots_are_taken() -> bool:
                return (await due_counts(stack.services))[ACME] == 94  # six, of eight slots

            await eventually(all_slots_are_taken)
            await stack.deployed(releaseName="shop", organization="other")
            (waiting,) = (await due_counts(stack.services)).values()
            assert waiting > 70  # hardly any have ended meanwhile
            for member in slow:
                member.faults.latency = 0


async def test_a_deployment_begins_while_another_organization_keeps_two_worker_processes_busy(
    new_stack: NewStack, simulated: Callable[[str], Member]
) -> None:
    """Each worker process has four slots, of which the first organization uses three."""
    settings = {"worker_concurrency": 4, "helm_concurrency": 4, "cluster_concurrency": 100, "sweep_every": 60}
    async with new_stack(working=False, **settings) as stack, AsyncExitStack() as workers:
        slow = await organizations(stack, simulated, clusters=10)
        for number in range(6):
            await stack.create(releaseName=f"shop-{number}", organization="default")
        for member in slow:
            member.faults.latency = 2
        for _ in range(2):
            await workers.enter_async_context(process(stack, "worker", **settings))

        async def all_slots_are_taken() -> bool:
            [[count]] = await stack.services.database.rows(
                text("SELECT count(*) FROM target WHERE lease_expires_at IS NOT NULL")
            )
            return bool(count == 6)

        await eventually(all_slots_are_taken)
        await stack.deployed(releaseName="shop", organization="other")
        assert (await due_counts(stack.services))[ACME] > 30  # hardly any have ended meanwhile
        for member in slow:
            member.faults.latency = 0
