"""Where secrets must not lie: on the disks of a worker that was killed, and in what another organization is told."""

import base64
import os
import secrets
import stat
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import text

from app.clusters import member as clusters
from app.clusters.kubeconfig import read_kubeconfig
from app.core.settings import Settings
from app.network.addresses import Allowed, Policies
from simulator import Member
from tests.clusters.kubeconfigs import CERTIFICATE, KEY, b64, document
from tests.reconcilers.test_crashes import crash, finished
from tests.secrets.test_canaries import files, found, postgres
from tests.secrets.test_keeping import REFERENCE, made
from tests.stack import Stack, eventually

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]

PASSWORD = f"canary-at-rest-{secrets.token_hex(8)}"
PLAIN = f"canary-plain-{secrets.token_hex(8)}"
MEMORY = Path("/dev/shm")
LARGEST = 64 * 2**20


def temporary(since: float, elsewhere: Path) -> str:
    """What was written since this moment into the folders that all programs use for temporary files, with the names of
    the files. Servers of other test processes, which are in memory, and `elsewhere` are left out."""
    found = []
    for root in {Path(tempfile.gettempdir()), MEMORY} - {elsewhere}:
        for folder, folders, names in os.walk(root):
            folders[:] = [name for name in folders if not name.startswith(("polyhelm-tests-", "pytest-of-"))]
            for path in (Path(folder, name) for name in names):
                with suppress(OSError):
                    status = path.stat()
                    if stat.S_ISREG(status.st_mode) and status.st_mtime >= since and status.st_size < LARGEST:
                        found.append(f"{path}\n{path.read_bytes().decode('latin-1')}")
    return "\n".join(found)


@pytest.mark.parametrize("step", ["Helm started", "Helm ended"])
async def test_a_worker_that_is_killed_leaves_no_secret_on_a_disk_or_in_the_database(
    new_stack: NewStack, simulated: Callable[[str], Member], servers: Settings, tmp_path: Path, step: str
) -> None:
    """The files of Postgres and Redis are searched, too: their logs, journals and pages of deleted rows. So are the
    folders for temporary files, those in memory as well."""
    began, paris = time.time() - 1, simulated("paris")
    canaries = [PASSWORD, paris.token]
    async with new_stack(working=False) as stack:
        await stack.fleet({"paris": paris.kubeconfig})
        await made(stack, data={"password": PASSWORD})
        answer = await stack.create(releaseName="shop", valuesFrom=[REFERENCE])
        await crash(stack, step)
        async with stack.services.database.sessions() as session:
            await session.execute(text("CHECKPOINT"))
        assert {
            "disks": found(canaries, files(tmp_path)),
            "servers": found(canaries, files(servers.data_dir)),
            "database": found(canaries, await postgres(stack)),
            "temporary files": found(canaries, temporary(began, servers.data_dir)),
        } == {"disks": [], "servers": [], "database": [], "temporary files": []}
        assert (await finished(stack, answer))["state"] == "SUCCEEDED"
        assert found(canaries, files(tmp_path)) == []


async def test_a_second_organization_with_the_same_cluster_sees_no_values_of_a_release(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    await stack.fleet({"paris": paris.kubeconfig})
    await made(stack, data={"password": PASSWORD})
    await stack.deployed(releaseName="shop", values={"plain": PLAIN}, valuesFrom=[REFERENCE])
    await stack.mutate("createOrganization", "__typename", name="second")
    answer = await stack.register("paris", paris.kubeconfig, organization="second")
    assert "cluster" in answer, answer

    async def both() -> Any:
        rows = await stack.services.database.rows(text("SELECT values FROM release WHERE name = 'shop'"))
        return rows if len(rows) == 2 else None

    kept = await eventually(both)
    assert sorted(row.values is None for row in kept) == [False, True]
    assert found([PASSWORD], await postgres(stack)) == []


async def test_the_key_of_a_client_certificate_is_in_no_file_with_a_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Python reads it from a file alone; a process that is killed would leave that behind."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    pair = {"client-certificate-data": b64(CERTIFICATE), "client-key-data": b64(KEY)}
    access = read_kubeconfig(yaml.safe_dump(document(user=pair)))
    assert access.key is not None
    async with clusters.Member(access, Policies(Allowed.parse("")).clusters, timeout=1) as member:
        assert member.tls.cert_store_stats()["x509"] == 1


def test_the_search_finds_a_file_in_a_folder_for_temporary_files() -> None:
    began = time.time() - 1
    with tempfile.NamedTemporaryFile() as file:
        file.write(base64.b64encode(f"user:{PASSWORD}".encode()))
        file.flush()
        assert found([PASSWORD], temporary(began, Path("/nowhere"))) == [PASSWORD]
