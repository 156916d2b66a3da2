"""All processes of the soak, and the lines between them."""

import asyncio
import os
import random
import secrets
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from socket import socket
from typing import Any

import asyncpg
from sqlalchemy.engine import make_url

from app.core.settings import Settings
from simulator import Simulator
from tests.contract.helm import PACKAGED
from tests.faults import Line
from tests.forks import finished
from tests.kubernetes.process import HOST
from tests.outages import TEMPLATE, OwnPostgres, OwnRedis, own_postgres, own_redis
from tests.sample_charts import packaged
from tests.soak.part import Part
from tests.soak.site import Site, site
from tests.soak.user import User
from tests.soak.wishes import region_of
from tests.stack import HERE, TOKEN, drop_database, eventually, fresh_database, trust_the_machine

GROUP = "fleet"
VERSIONS = ("1.0.0", "1.1.0")
BYSTANDER = "bystander"
_PARTS = {"api": "api", "worker-1": "worker", "worker-2": "worker", "observer-1": "observer", "observer-2": "observer"}
_SETTINGS = {
    "lease_seconds": 8,
    "confirm_every": 5,
    "unreachable_after": 3,
    "member_timeout": 3,
    "sweep_every": 0.5,
    "retry_base": 0.1,
    "retry_cap": 2,
    "rate_burst": 100_000,
    "rate": 1_000_000,
    "allowed_networks": HERE,
    "log_level": "error",
}


@dataclass(frozen=True)
class Installation:
    user: User
    parts: Mapping[str, Part]
    sites: Mapping[str, Site]
    redis: OwnRedis
    postgres: OwnPostgres
    folder: Path
    group_id: str
    _database: str

    async def rows(self, statement: str) -> list[Any]:
        """What Postgres says, asked directly."""
        connection = await asyncpg.connect(self._database)
        try:
            return list(await connection.fetch(statement))
        finally:
            await connection.close()

    async def heal(self) -> None:
        """All goes on, and whatever was killed runs again."""
        await self.postgres.start()
        await self.redis.start()
        for pid in await asyncio.to_thread(self.helms):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        for each in self.sites.values():
            await each.heal()
        for part in self.parts.values():
            await part.heal()
            part.start()

    def helms(self) -> list[int]:
        """Processes of Helm that Polyhelm has started."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
                if Path(words[0]).name == "helm" and any(str(self.folder / "data") in word for word in words):
                    found.append(int(folder.name))
        return found


@asynccontextmanager
async def installation(
    folder: Path, real: Mapping[str, str], simulated: int = 3, helm: str = PACKAGED
) -> AsyncIterator[Installation]:
    """Starts everything; `real` has kubeconfigs of real members by name."""
    async with AsyncExitStack() as closing:
        redis = await closing.enter_async_context(own_redis())
        settings, postgres = await closing.enter_async_context(own_postgres(Settings(redis_url=redis.url)))
        assert settings.database_url is not None
        await trust_the_machine(settings.database_url)
        database = await fresh_database(settings.database_url, f"soak_{secrets.token_hex(4)}", TEMPLATE)
        name = str(make_url(database).database)
        closing.push_async_callback(drop_database, settings.database_url, name)
        port = _free_port()
        parts = {}
        for part, verb in _PARTS.items():
            lines = [
                await closing.enter_async_context(Line(postgres.socket)),
                await closing.enter_async_context(Line(redis.path)),
            ]
            environment = _environment(folder, name, *lines, port=port)
            if part == "api":
                code, _, told = await finished("migrate", environment=environment, folder=folder)
                assert code == 0, told.decode()
            parts[part] = Part(part, verb, environment, lines[0], lines[1], folder / f"{part}.log")
            closing.push_async_callback(parts[part].close)
            parts[part].start()
        sites = await _sites(closing, folder, real, simulated, helm)
        user = User(f"http://{HOST}:{port}")
        closing.push_async_callback(user.close)
        group_id = await _fleet(user, sites)
        opened = Installation(user, parts, sites, redis, postgres, folder, group_id, database)
        closing.push_async_callback(opened.heal)
        yield opened


def _free_port() -> int:
    """One that no connection is given by chance, so that an API that was killed finds it free again."""
    while True:
        with socket() as tried, suppress(OSError):
            tried.bind((HOST, random.randrange(16_000, 32_000)))
            return int(tried.getsockname()[1])


async def _sites(
    closing: AsyncExitStack, folder: Path, real: Mapping[str, str], simulated: int, helm: str
) -> dict[str, Site]:
    simulator = await closing.enter_async_context(Simulator())
    namespace = f"soak-{secrets.token_hex(4)}"
    kubeconfigs = {f"sim-{number}": simulator.add(f"sim-{number}").kubeconfig for number in range(1, simulated + 1)}
    sites = {}
    for name, kubeconfig in (kubeconfigs | dict(real)).items():
        home = folder / name
        home.mkdir()
        sites[name] = await closing.enter_async_context(site(name, kubeconfig, home, namespace, helm))
        closing.push_async_callback(sites[name].clean_up)
    return sites


async def _fleet(user: User, sites: Mapping[str, Site]) -> str:
    """Registers all, and has somebody else's release on each."""
    await eventually(lambda: _answers(user))
    for name, each in sites.items():
        given = {"name": name, "kubeconfig": each.kubeconfig, "cloud": "onprem", "distribution": "kubeadm"}
        given["region"] = region_of(name)
        await user.mutate("registerCluster", given, "... on ClusterPayload { cluster { id } }")
        chart = each.chart()
        assert await each.by_helm("install", BYSTANDER, chart, "--create-namespace")
    for version in VERSIONS:
        upload = {"repository": "charts", "archive": packaged(version=version)}
        await user.mutate("uploadChart", upload, "... on UploadChartPayload { digest }")
    group = {"name": GROUP, "members": list(sites)}
    answer = await user.mutate("createClusterGroup", group, "... on ClusterGroupPayload { clusterGroup { id } }")
    return str(answer["clusterGroup"]["id"])


async def _answers(user: User) -> bool:
    return bool(await user.ask("{ version }"))


def _environment(folder: Path, database: str, postgres: Line, redis: Line, *, port: int) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    given = _SETTINGS | {
        "database_url": f"postgresql://postgres:@{HOST}:{postgres.port}/{database}",
        "redis_url": f"redis://{HOST}:{redis.port}/0",
        "data_dir": folder / "data",
        "bootstrap_token": TOKEN,
        "port": port,
    }
    return kept | {f"POLYHELM_{name.upper()}": str(value) for name, value in given.items()}
