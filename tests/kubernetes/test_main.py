"""`python -m tests.kubernetes run` serves a command, and finds its data again."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from .controlplane import ControlPlanes
from .process import StartFailed

if TYPE_CHECKING:
    from .binaries import Binaries

pytestmark = pytest.mark.xdist_group("kubernetes")

ROOT = Path(__file__).parents[2]


async def run(data: Path, script: str) -> asyncio.subprocess.Process:
    command = [sys.executable, "-m", "tests.kubernetes", "run", "--names", "oslo", "--data", str(data)]
    return await asyncio.create_subprocess_exec(*command, "--", "sh", "-c", script, cwd=ROOT)


async def test_run_hands_over_kubeconfigs_and_keeps_the_data(programs: Binaries, helm: Path, tmp_path: Path) -> None:
    (tmp_path / "chart").mkdir()
    (tmp_path / "chart" / "Chart.yaml").write_text("{apiVersion: v2, name: tiny, version: 1.0.0}")
    install = f"KUBECONFIG=$POLYHELM_DEMO_KUBECONFIGS {helm} install kept {tmp_path}/chart && exit 7"
    process = await run(tmp_path / "data", install)
    assert await process.wait() == 7
    kubeconfig = tmp_path / "data" / "oslo.yaml"
    assert kubeconfig.stat().st_mode & 0o777 == 0o600
    async with ControlPlanes(tmp_path / "data", programs) as planes:
        member = await planes.start("oslo")
        assert member.kubeconfig == kubeconfig.read_text()
        listing = await asyncio.create_subprocess_exec(
            helm, "list", "--short", "--kubeconfig", kubeconfig, stdout=asyncio.subprocess.PIPE
        )
        assert (await listing.communicate())[0] == b"kept\n"
        with pytest.raises(OSError, match="run already"):
            await ControlPlanes(tmp_path / "data", programs).__aenter__()


async def test_run_forwards_signals_and_exits_as_its_command(programs: Binaries, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    process = await run(tmp_path / "data", f"trap 'exit 5' INT; touch {ready}; while sleep 0.1; do :; done")
    async with asyncio.timeout(30):
        while not ready.exists():  # noqa: ASYNC110 - another process makes it
            await asyncio.sleep(0.05)
    process.send_signal(signal.SIGINT)
    assert await process.wait() == 5
    server = yaml.safe_load((tmp_path / "data" / "oslo.yaml").read_text())["clusters"][0]["cluster"]["server"]
    with pytest.raises(OSError, match="Connect call failed"):
        await asyncio.open_connection("127.0.0.1", int(server.rpartition(":")[2]))


async def test_a_failed_start_shows_the_log(programs: Binaries, tmp_path: Path) -> None:
    async with ControlPlanes(tmp_path, programs) as planes:
        (tmp_path / "members" / "oslo").mkdir(parents=True)
        (tmp_path / "members" / "oslo" / "ca.crt").write_text("")
        with pytest.raises(StartFailed, match="kube-apiserver ended with code 1"):
            await planes.start("oslo")
