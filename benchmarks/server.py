"""`polyhelm up` as its users start it: a process of its own with embedded services, spoken to through HTTP."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx2

from benchmarks import processes
from benchmarks.charts import NAMESPACE, Chart
from benchmarks.members import Kubeconfigs
from tests.kubernetes.process import HOST, Port, dying_with_parent

TOKEN = "a-token-for-the-benchmarks-alone"
GROUP = "fleet"
_START_SECONDS = 60.0
_POLL_SECONDS = 0.5
_LONGEST_ROLLOUT = 600.0


class ServerError(Exception):
    """The server did not do what was asked; the message holds its answer."""


@dataclass
class Server:
    """What is running, and its output so far."""

    url: str
    client: httpx2.AsyncClient
    roots: list[int]
    """The processes whose trees are all of it."""

    def cpu_seconds(self) -> float:
        return processes.cpu_seconds(self.roots)

    def memory(self) -> processes.Memory:
        return processes.memory(self.roots)

    async def data(self, query: str, **variables: Any) -> Any:
        response = await self.client.post("/graphql", json={"query": query, "variables": variables})
        answer = response.json()
        if answer.get("errors"):
            raise ServerError(str(answer))
        return answer["data"]

    async def mutate(self, mutation: str, fields: str, **given: Any) -> Any:
        kind = mutation[0].upper() + mutation[1:]
        query = (
            f"mutation ($input: {kind}Input!) {{ {mutation}(input: $input)"
            f" {{ {fields} ... on UserError {{ __typename code message }} }} }}"
        )
        found = (await self.data(query, input=given))[mutation]
        if "code" in found:
            raise ServerError(str(found))
        return found

    async def fleet(self, members: Kubeconfigs, chart: Chart) -> None:
        """Registers members, makes a group of them, uploads the chart."""
        gate = asyncio.Semaphore(8)

        async def register(name: str, path: Path) -> None:
            async with gate:
                kubeconfig = await asyncio.to_thread(path.read_text)
                fields = "... on ClusterPayload { cluster { id } }"
                given = {"cloud": "onprem", "distribution": "kubeadm"}
                await self.mutate("registerCluster", fields, name=name, kubeconfig=kubeconfig, **given)

        await asyncio.gather(*(register(*member) for member in members.items()))
        fields = "... on ClusterGroupPayload { clusterGroup { id } }"
        await self.mutate("createClusterGroup", fields, name=GROUP, members=list(members))
        await self.mutate("uploadChart", "... on UploadChartPayload { version }", **chart.upload())

    async def create(self, release_name: str, **given: Any) -> str:
        """Creates a deployment on all members and waits until it is installed; returns its id."""
        given = {"group": GROUP, "chart": Chart.REFERENCE, "namespace": NAMESPACE, "releaseName": release_name} | given
        answer = await self.mutate("createDeployment", _PAYLOAD, **given)
        await self.succeeded(answer["operation"]["id"])
        return str(answer["deployment"]["id"])

    async def update(self, deployment: str, values: dict[str, Any]) -> float:
        """Changes the values and waits until every target has them; gives when that was, as seconds since the epoch."""
        answer = await self.mutate("updateDeployment", _PAYLOAD, id=deployment, values=values)
        return await self.succeeded(answer["operation"]["id"])

    async def succeeded(self, operation: str) -> float:
        """When the operation ended. It is polled rarely, so that polling costs little; the time is the server's own."""
        query = "query ($id: ID!) { operation(id: $id) { state finishedAt } }"
        async with asyncio.timeout(_LONGEST_ROLLOUT):
            while True:
                found = (await self.data(query, id=operation))["operation"]
                if found["finishedAt"] is not None:
                    break
                await asyncio.sleep(_POLL_SECONDS)
        if found["state"] != "SUCCEEDED":
            raise ServerError(f"an operation ended as {found['state']}")
        return datetime.fromisoformat(found["finishedAt"]).timestamp()


_PAYLOAD = "... on DeploymentPayload { deployment { id } operation { id } }"


@asynccontextmanager
async def polyhelm(
    folder: Path, helm: Path, settings: Mapping[str, str] = MappingProxyType({})
) -> AsyncIterator[Server]:
    """A server with the default settings, except for these: where it listens, its data, its Helm, its members, and what
    is given."""
    port = Port()
    port.close()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("POLYHELM_")}
    environment |= {"POLYHELM_BOOTSTRAP_TOKEN": TOKEN, "POLYHELM_HELM": str(helm)}
    environment["POLYHELM_ALLOWED_NETWORKS"] = "127.0.0.0/8"
    environment |= settings
    command = [*dying_with_parent("TERM"), sys.executable, "-c", "from app.program.cli import main; main()", "up"]
    command += ["--port", str(port.number), "--data-dir", str(folder)]
    log = folder.parent / f"{folder.name}.log"
    process = _started(command, environment, log)
    url = f"http://{HOST}:{port.number}"
    try:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with httpx2.AsyncClient(base_url=url, headers=headers, timeout=60) as client:
            await _ready(client, process, log)
            # Postgres detaches itself from its parent; its first line names its process.
            postmaster = int((folder / "postgres" / "postmaster.pid").read_text().split()[0])
            yield Server(url, client, [process.pid, postmaster])
    finally:
        process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(process.wait)


def _started(command: list[str], environment: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as file:
        return subprocess.Popen(command, env=environment, stdout=file, stderr=file, start_new_session=True)


async def _ready(client: httpx2.AsyncClient, process: subprocess.Popen[bytes], log: Path) -> None:
    async with asyncio.timeout(_START_SECONDS):
        while process.poll() is None:
            with suppress(httpx2.TransportError):
                if (await client.get("/readyz")).status_code == 200:
                    return
            await asyncio.sleep(0.05)
    raise ServerError(f"polyhelm up did not start: {(await asyncio.to_thread(log.read_text))[-2000:]}")
