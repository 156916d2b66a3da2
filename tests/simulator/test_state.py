"""What lasts beyond the process."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from simulator import Simulator, SimulatorError
from tests.contract.client import Client

ROOT = Path(__file__).parents[2]
SECRETS = "/api/v1/namespaces/default/secrets"
WIDGETS = {
    "metadata": {"name": "widgets.test.example"},
    "spec": {
        "group": "test.example",
        "scope": "Namespaced",
        "names": {"plural": "widgets", "kind": "Widget"},
        "versions": [{"name": "v1", "served": True, "storage": True}],
    },
}


async def start(*arguments: str) -> tuple[asyncio.subprocess.Process, Any]:
    """The simulator as a process, and what it says when it is ready."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "simulator", *arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    return process, json.loads(await asyncio.wait_for(process.stdout.readline(), 120))


async def test_everything_survives_a_restart(tmp_path: Path) -> None:
    async with Simulator(["paris"], state=tmp_path) as simulator:
        first = simulator.members["paris"]
        first.put("customresourcedefinitions", WIDGETS, group="apiextensions.k8s.io")
        first.put("widgets", {"metadata": {"name": "a"}, "spec": {"colour": "red"}}, group="test.example")
        first.put("secrets", {"metadata": {"name": "a", "labels": {"owner": "helm"}}})
        first.put("secrets", {"metadata": {"name": "gone"}})
        async with Client(first.kubeconfig) as client:
            await client.delete(f"{SECRETS}/gone")
            _, before = await client.get(f"{SECRETS}/a")
        simulator.add("tokyo")
    async with Simulator(["paris", "rome"], state=tmp_path) as simulator:
        assert sorted(simulator.members) == ["paris", "rome", "tokyo"]
        second = simulator.members["paris"]
        assert second.kubeconfig == first.kubeconfig
        for kind in ("namespaces", "secrets"):
            assert second.objects(kind) == sorted(first.objects(kind), key=lambda obj: str(obj["metadata"]["name"]))
        async with Client(first.kubeconfig) as client:
            assert await client.get(f"{SECRETS}/a") == (200, before)
            _, widgets = await client.get("/apis/test.example/v1/widgets")
            assert [widget["spec"] for widget in widgets["items"]] == [{"colour": "red"}]


async def test_versions_are_never_used_twice(tmp_path: Path) -> None:
    async with Simulator(["paris"], state=tmp_path) as simulator:
        before = simulator.members["paris"].store.version
    async with Simulator(state=tmp_path) as simulator:
        paris = simulator.members["paris"]
        assert paris.store.version > before + 1000
        async with Client(paris.kubeconfig) as client, client.watch(SECRETS, resourceVersion=str(before)) as events:
            kind, told = await events.next()
            assert (kind, told["code"]) == ("ERROR", 410)


async def test_a_workload_that_was_not_ready_becomes_ready_after_a_restart(tmp_path: Path) -> None:
    claim = {"metadata": {"name": "a"}, "spec": {"accessModes": ["ReadWriteOnce"]}}
    async with Simulator(["paris"], state=tmp_path) as simulator:
        simulator.members["paris"].faults.stuck = True
        simulator.members["paris"].put("persistentvolumeclaims", claim)
    async with Simulator(state=tmp_path) as simulator:
        paris = simulator.members["paris"]
        async with asyncio.timeout(60):
            while paris.objects("persistentvolumeclaims")[0].get("status", {}).get("phase") != "Bound":  # noqa: ASYNC110
                await asyncio.sleep(0.01)


async def test_a_taken_port_is_an_error_that_says_so(tmp_path: Path) -> None:
    async with Simulator(["paris"], state=tmp_path) as simulator:
        with pytest.raises(SimulatorError, match=f"port {simulator.port} is taken by another process"):
            async with Simulator(state=tmp_path):
                pass


async def test_only_the_owner_reads_the_state(tmp_path: Path) -> None:
    async with Simulator(["paris"], state=tmp_path / "state") as simulator:
        simulator.members["paris"].put("secrets", {"metadata": {"name": "a"}})
        await asyncio.sleep(0.3)
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "state").iterdir()}
    assert modes["members.sqlite"] == 0o600
    assert set(modes.values()) == {0o600}


async def test_a_killed_process_loses_a_second_at_most(tmp_path: Path) -> None:
    arguments = ("--members", "paris", "--state", str(tmp_path / "state"), "--kubeconfigs", str(tmp_path / "configs"))
    process, ready = await start(*arguments)
    path = tmp_path / "configs" / "paris.yaml"
    assert ready["kubeconfigs"] == [str(path)]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    kubeconfig = path.read_text()
    async with Client(kubeconfig) as client:
        for number in range(50):
            await client.post(SECRETS, {"metadata": {"name": f"s{number:02}"}})
        await asyncio.sleep(1)
        process.kill()
        await process.wait()
    process, again = await start(*arguments)
    try:
        assert again["port"] == ready["port"]
        assert path.read_text() == kubeconfig
        async with Client(kubeconfig) as client:
            _, listed = await client.get(SECRETS)
        assert [item["metadata"]["name"] for item in listed["items"]] == [f"s{number:02}" for number in range(50)]
    finally:
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 120) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_process_ends_on_signals(number: int) -> None:
    process, ready = await start("--members", "paris,tokyo")
    assert (ready["kubeconfigs"], ready["port"] > 0, len(ready["admin_token"]) > 20) == ([], True, True)
    process.send_signal(number)
    assert await asyncio.wait_for(process.wait(), 120) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is Linux's")
async def test_a_process_ends_with_its_parent() -> None:
    script = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-m', 'simulator', '--die-with-parent'], stdout=subprocess.PIPE)\n"
        "child.stdout.readline()\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    child = int(await parent.stdout.readline())
    parent.kill()
    await parent.wait()
    async with asyncio.timeout(90):
        while _runs(child):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def _runs(pid: int) -> bool:
    """A zombie that nobody waits for runs no more."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
