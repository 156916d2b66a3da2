"""The queue may lose everything, and Redis may go away: what was asked for is done all the same."""

import asyncio
import os
import pickle
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import orjson
import pytest
from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection
from sqlalchemy import text

from app.core.settings import Settings
from app.program.processes import running
from app.program.services import open_services
from app.redis.queue import QUEUE, RECONCILE, QueueWorker
from reconcilers.reconciliation import Reconciler, retry_pause
from reconcilers.stops import Stops
from reconcilers.worker import run_worker
from simulator import Member
from tests.stack import Stack, empty_redis, eventually

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]


async def test_work_whose_wake_up_was_lost_is_found_by_the_sweeper(
    quiet: Stack, servers: Settings, simulated: Callable[[str], Member]
) -> None:
    await quiet.fleet({"paris": simulated("paris").kubeconfig})
    answer = await quiet.create()
    await asyncio.sleep(0.2)
    await empty_redis(servers)
    async with running(run_worker(quiet.services)):
        assert (await quiet.settled(answer))["state"] == "SUCCEEDED"


async def test_a_request_is_answered_at_once_while_redis_is_away_and_done_when_it_is_back(
    new_stack: NewStack, servers: Settings, simulated: Callable[[str], Member]
) -> None:
    async with new_stack(working=False, redis_url="redis://127.0.0.1:1/0") as stack:
        await stack.fleet({"paris": simulated("paris").kubeconfig})
        answer = await stack.create()
        assert answer["operation"]["state"] == "PENDING"
        healed = stack.services.settings.model_copy(update={"redis_url": servers.redis_url})
        async with open_services(healed) as services, running(run_worker(services)):
            assert (await stack.settled(answer))["state"] == "SUCCEEDED"


async def test_a_connection_to_redis_that_is_reset_under_a_command_ends_nothing(
    stack: Stack, simulated: Callable[[str], Member], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As uvloop has it: a reset connection that is written to before anybody has noticed is a RuntimeError."""
    await stack.fleet({"paris": simulated("paris").kubeconfig})
    send, resets = AbstractConnection.send_packed_command, 10

    async def send_or_fail(self: AbstractConnection, *arguments: Any, **named: Any) -> None:
        nonlocal resets
        if resets:
            resets -= 1
            await self.disconnect(nowait=True)
            raise RuntimeError("unable to perform operation on <TCPTransport closed=True>; the handler is closed")
        await send(self, *arguments, **named)

    monkeypatch.setattr(AbstractConnection, "send_packed_command", send_or_fail)
    answer = await stack.create()
    assert (await stack.settled(answer))["state"] == "SUCCEEDED"

    async def has_ended() -> bool:
        return resets == 0

    await eventually(has_ended)
    answer = await stack.update(answer["deployment"]["id"], values={"replicas": 2})
    assert (await stack.settled(answer))["state"] == "SUCCEEDED"


async def test_a_job_that_comes_many_times_is_done_once(quiet: Stack, simulated: Callable[[str], Member]) -> None:
    paris = simulated("paris")
    await quiet.fleet({"paris": paris.kubeconfig})
    answer = await quiet.create(releaseName="shop")
    reconciler = Reconciler(quiet.services, "test", Stops(quiet.services))
    await asyncio.gather(*(reconciler.reconcile_target(1) for _ in range(5)))
    await reconciler.reconcile_target(1)
    assert (await quiet.settled(answer))["state"] == "SUCCEEDED"
    secrets = [found["metadata"]["labels"]["version"] for found in paris.objects("secrets")]
    assert secrets == ["1"]


class _Code:
    """Unpickling this creates a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Path]]:
        return Path.touch, (self._path,)


async def test_a_job_in_redis_cannot_name_code_to_run(servers: Settings, tmp_path: Path) -> None:
    job = {"t": 1, "f": RECONCILE, "a": (7,), "k": {}, "et": 0}
    hostile = {
        "pickled": pickle.dumps(job | {"a": (_Code(tmp_path / "pickled"),)}),
        "named": orjson.dumps(job | {"f": "os.mkdir", "a": [str(tmp_path / "named")]}),
    }
    woken: asyncio.Queue[int] = asyncio.Queue()
    worker = QueueWorker(str(servers.redis_url), woken.put_nowait, lambda organization_id: None)
    redis = Redis.from_url(str(servers.redis_url))
    for score, (name, body) in enumerate({**hostile, "proper": orjson.dumps(job)}.items(), start=1):
        await redis.set(f"arq:job:{name}", body)
        await redis.zadd(QUEUE, {name: score})
    async with running(worker.run()):
        assert await asyncio.wait_for(woken.get(), 120) == 7
        await eventually(lambda: _is_empty(redis))
        await worker.stop()
    await worker.close()
    await redis.aclose()
    assert os.listdir(tmp_path) == []


async def _is_empty(redis: Redis) -> bool:
    return int(await redis.zcard(QUEUE)) == 0


async def test_no_more_actions_run_on_one_cluster_at_once_than_the_limit_and_all_get_done(
    new_stack: NewStack, simulated: Callable[[str], Member]
) -> None:
    paris, berlin = simulated("paris"), simulated("berlin")
    paris.faults.latency = 0.05
    async with new_stack(cluster_concurrency=2) as stack:
        await stack.fleet({"paris": paris.kubeconfig, "berlin": berlin.kubeconfig})
        answers = [await stack.create(releaseName=f"shop-{number}") for number in range(5)]
        most = 0

        async def all_done() -> bool:
            nonlocal most
            query = "SELECT cluster_id, count(*) FROM target WHERE lease_expires_at IS NOT NULL GROUP BY cluster_id"
            rows = await stack.services.database.rows(text(query))
            most = max([most, *(count for _, count in rows)])
            states = await stack.data("{ deployments { nodes { statusCounts { status count } } } }")
            return all(
                node["statusCounts"] == [{"status": "DEPLOYED", "count": 2}] for node in states["deployments"]["nodes"]
            )

        await eventually(all_done)
        assert most == 2
        for answer in answers:
            assert (await stack.settled(answer))["state"] == "SUCCEEDED"


async def test_a_dead_cluster_slows_no_other(new_stack: NewStack, simulated: Callable[[str], Member]) -> None:
    paris, berlin = simulated("paris"), simulated("berlin")
    async with new_stack(member_timeout=3, worker_concurrency=6) as stack:
        await stack.fleet({"paris": paris.kubeconfig, "berlin": berlin.kubeconfig})
        ids = [await stack.deployed(releaseName=f"shop-{number}") for number in range(5)]
        paris.faults.hang = True
        for deployment_id in ids:
            await stack.update(deployment_id, values={"replicas": 7})

        async def berlin_has_all() -> bool:
            targets = [(await stack.targets(deployment_id))["berlin"] for deployment_id in ids]
            return all(target["status"] == "DEPLOYED" and target["generation"] == 2 for target in targets)

        await eventually(berlin_has_all)  # while paris answers nothing at all
        paris.faults.hang = False

        async def paris_has_all() -> bool:
            targets = [(await stack.targets(deployment_id))["paris"] for deployment_id in ids]
            return all(target["status"] == "DEPLOYED" and target["generation"] == 2 for target in targets)

        await eventually(paris_has_all)


async def test_a_member_that_comes_back_is_worked_on_at_once(
    new_stack: NewStack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    async with new_stack(retry_base=1000, retry_cap=1000) as stack:
        await stack.fleet({"paris": paris.kubeconfig})
        deployment_id = await stack.deployed()
        paris.faults.down = True
        target = await stack.until_status(deployment_id, "paris", "UNKNOWN")
        assert [reason["code"] for reason in target["reasons"]] == ["UNREACHABLE"]
        assert (target["helmStatus"], target["revision"], target["version"]) == ("DEPLOYED", 1, "1.0.0")
        answer = await stack.update(deployment_id, values={"replicas": 2})

        async def tried() -> Any:
            return (await stack.targets(deployment_id))["paris"]["error"]

        assert (await eventually(tried))["code"] == "cluster_unreachable"
        paris.faults.down = False
        assert (await stack.settled(answer))["state"] == "SUCCEEDED"
        assert (await stack.targets(deployment_id))["paris"]["error"] is None


async def test_a_member_that_refuses_our_credentials_is_unknown_and_never_not_installed(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    await stack.fleet({"paris": paris.kubeconfig})
    deployment_id = await stack.deployed()
    paris.faults.unauthorized = True
    await stack.until_status(deployment_id, "paris", "UNKNOWN")
    cluster = (await stack.data('{ cluster(name: "paris") { reachability reachabilityMessage } }'))["cluster"]
    assert cluster["reachability"] == "UNAUTHORIZED"
    paris.faults.unauthorized = False
    await stack.until_status(deployment_id, "paris", "DEPLOYED")


def test_pauses_grow_with_the_attempts_up_to_the_cap_and_respect_what_was_asked() -> None:
    assert all(0 <= retry_pause(0, base=1, cap=300) <= 1 for _ in range(100))
    assert all(0 <= retry_pause(3, base=1, cap=300) <= 8 for _ in range(100))
    assert all(0 <= retry_pause(1000, base=1, cap=300) <= 300 for _ in range(100))
    assert max(retry_pause(20, base=1, cap=300) for _ in range(100)) > 150
    assert retry_pause(0, base=1, cap=300, asked=77) == 77
