"""Keys are changed while Polyhelm runs: nothing is lost, nothing is left behind unseen."""

import asyncio
import base64
import io
import os
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import orjson
import pytest
from pydantic import SecretStr
from rich.console import Console
from sqlalchemy import LargeBinary, insert, select, text
from sqlmodel import col

from app.charts.offers import login_of
from app.clusters.kubeconfig import Access
from app.core.encryption import KeyRing, Sealed
from app.fleet.services import AllServices
from app.program.doctor import examine
from app.program.rekeying import Progress, keys_in_use, rekey, sealed_columns
from app.program.services import open_services
from app.secrets.queries import opened
from app.tables.charts import ChartRepository, ChartRepositoryKind
from app.tables.clusters import Cluster
from app.tables.columns import metadata
from app.tables.secrets import Secret
from tests.stack import Stack

NewStack = Callable[..., AbstractAsyncContextManager[Stack]]
CLUSTERS = 500


def key(name: str) -> str:
    return f"{name}:{base64.b64encode(os.urandom(32)).decode()}"


OLD, NEW = key("old"), key("new")
SEALED = {"cluster.credentials", "chart_repository.credentials", "secret.sealed", "fingerprint_key.sealed"}


def test_every_column_of_bytes_is_sealed_or_known_not_to_be() -> None:
    """What is neither sealed, nor the content of a chart, a plan or a definition, is a digest, and is called so."""
    columns = [column for table in metadata.sorted_tables for column in table.c]
    sealed = {str(column.data) for column in sealed_columns()}
    assert sealed == SEALED
    found = {str(column) for column in columns if isinstance(column.type, LargeBinary)}
    assert {name for name in found - sealed if not name.endswith("digest")} == {
        "chart_archive.content",
        "plan.request",
        "plan_progress.content",
        "plan_target.detail",
        "plan_text.content",
        "service_revision.content",
    }


def with_ring(stack: Stack, ring: str) -> AbstractAsyncContextManager[AllServices]:
    """AllServices of another process, which has another ring."""
    return open_services(stack.services.settings.model_copy(update={"encryption_keys": SecretStr(ring)}))


async def fill(services: AllServices, clusters: int) -> None:
    """Rows in every table that has something sealed."""

    def sealed(plain: object, place: str) -> dict[str, object]:
        made = services.key_ring.seal(orjson.dumps(plain), place)
        return {"credentials": made.data, "credentials_key": made.key_id}

    rows = [
        {
            "id": number,
            "organization_id": 1,
            "name": f"c{number}",
            "cloud": "other",
            "distribution": "other",
            "server": "https://a.example",
            "uid": str(number),
            "kubernetes_version": "v1.34.4",
            "labels": {},
            **sealed(vars(Access("https://a.example", None, f"token {number}", None, None)), f"cluster:{number}"),
            "observer_token": 0,
        }
        for number in range(1001, 1001 + clusters)
    ]
    login = sealed(["reader", "password"], "chart_repository:1001")
    repository = {"organization_id": 1, "url": "oci://a.example", "kind": ChartRepositoryKind.OCI}
    async with services.database.engine.begin() as connection:
        await connection.execute(insert(Cluster), rows)
        await connection.execute(insert(ChartRepository), [{"id": 1001, "name": "with", **repository, **login}])
        await connection.execute(insert(ChartRepository), [{"id": 1002, "name": "without", **repository}])


async def make_secret(stack: Stack, name: str, value: str) -> str:
    fields = "... on SecretPayload { secret { id } }"
    answer = await stack.mutate("createSecret", fields, name=name, kind="OPAQUE", data={"word": value})
    return str(answer["secret"]["id"])


async def everything(services: AllServices) -> tuple[set[str | None], list[Any], dict[str, Any]]:
    """What all sealed rows hold."""
    ring = services.key_ring
    rows = await services.database.rows(select(col(Cluster.id), col(Cluster.credentials_key), col(Cluster.credentials)))
    tokens = {Access.from_json(ring.open(Sealed(key_id, data), f"cluster:{row}")).token for row, key_id, data in rows}
    repositories = await services.database.rows(select(ChartRepository).order_by(ChartRepository.name))
    secrets = await services.database.rows(select(Secret))
    kept = {secret.name: opened(ring, secret) for (secret,) in secrets}
    await services.fingerprints.mark()
    return tokens, [login_of(services, repository) for (repository,) in repositories], kept


async def finished(services: AllServices) -> Progress:
    last = Progress(0, Counter())
    async for told in rekey(services.database, services.key_ring):
        last = told
    return last


async def test_every_table_is_sealed_again_and_the_old_key_can_go(new_stack: NewStack) -> None:
    async with new_stack(working=False, encryption_keys=SecretStr(OLD)) as stack:
        await fill(stack.services, 3)
        await make_secret(stack, "door", "hunter2")
        assert await keys_in_use(stack.services.database) == {"old": 6}
        before = await everything(stack.services)
        async with with_ring(stack, f"{NEW},{OLD}") as services:
            assert await finished(services) == Progress(6, Counter(), {})
            assert await finished(services) == Progress(0, Counter(), {})
        async with with_ring(stack, NEW) as services:
            assert await keys_in_use(services.database) == {"new": 6}
            assert await everything(services) == before
    assert before[0] == {"token 1001", "token 1002", "token 1003"}
    assert before[2] == {"door": {"word": "hunter2"}}


async def test_a_row_that_can_not_be_opened_is_named_and_the_others_are_sealed_again(new_stack: NewStack) -> None:
    async with new_stack(working=False, encryption_keys=SecretStr(OLD)) as stack:
        await fill(stack.services, 3)
        async with stack.services.database.engine.begin() as connection:
            await connection.execute(text("UPDATE cluster SET credentials_key = 'lost' WHERE id = 1001"))
            await connection.execute(text("UPDATE cluster SET credentials = 'damaged' WHERE id = 1002"))
        async with with_ring(stack, f"{NEW},{OLD}") as services:
            last = await finished(services)
        assert (last.done, last.left) == (2, {"lost": 1, "old": 1})
        assert last.unreadable == {
            "cluster:1001": "The credentials of cluster:1001 were encrypted with the key 'lost', which is not in"
            " POLYHELM_ENCRYPTION_KEYS. Add it after the first key, then run `polyhelm rekey`.",
            "cluster:1002": "The credentials of cluster:1002 were changed or belong to another row.",
        }


async def test_a_locked_row_is_sealed_again_later(new_stack: NewStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.program.rekeying._PAUSE_SECONDS", 0)
    async with new_stack(working=False, encryption_keys=SecretStr(OLD)) as stack:
        await fill(stack.services, 3)
        async with with_ring(stack, f"{NEW},{OLD}") as services:
            async with stack.services.database.engine.begin() as holder:
                await holder.execute(text("SELECT 1 FROM cluster WHERE id = 1002 FOR UPDATE"))
                assert await finished(services) == Progress(3, Counter(old=1), {})
            assert await finished(services) == Progress(1, Counter(), {})


async def test_a_member_keeps_its_connection_when_its_credentials_are_sealed_again(new_stack: NewStack) -> None:
    async with new_stack(working=False, encryption_keys=SecretStr(OLD)) as stack:
        await fill(stack.services, 1)
        async with with_ring(stack, f"{NEW},{OLD}") as services:
            before = services.members.of((await services.database.rows(select(Cluster)))[0][0])
            await finished(services)
            cluster = (await services.database.rows(select(Cluster)))[0][0]
            assert cluster.credentials_key == "new"
            assert services.members.of(cluster) is before


async def program(stack: Stack, part: str, ring: str) -> asyncio.subprocess.Process:
    settings = stack.services.settings
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ} | {
        "POLYHELM_DATABASE_URL": str(settings.database_url),
        "POLYHELM_REDIS_URL": str(settings.redis_url),
        "POLYHELM_ENCRYPTION_KEYS": ring,
        "COLUMNS": "200",
    }
    command = (sys.executable, "-c", "from app.program.cli import main; main()", part)
    return await asyncio.create_subprocess_exec(
        *command, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )


async def said(process: asyncio.subprocess.Process) -> str:
    output, _ = await process.communicate()
    return output.decode()


async def test_two_interrupted_rekeyings_under_load_are_completed(new_stack: NewStack) -> None:
    """Two processes seal again at once, one is killed on its way; API processes with the old ring and with the new one
    go on changing secrets meanwhile."""
    both = f"{NEW},{OLD}"
    async with new_stack(working=False, encryption_keys=SecretStr(f"{OLD},{NEW}")) as stack:
        await fill(stack.services, CLUSTERS)
        ids = [await make_secret(stack, f"s{number}", "0") for number in range(3)]
        turns = 0

        async def change() -> None:
            nonlocal turns
            while True:
                turns += 1
                for secret in ids:
                    fields = "... on SecretPayload { secret { id } }"
                    answer = await stack.mutate("updateSecret", fields, id=secret, data={"word": str(turns)})
                    assert "secret" in answer, answer

        load = asyncio.create_task(change())
        try:
            killed, other = await asyncio.gather(program(stack, "rekey", both), program(stack, "rekey", both))
            assert killed.stdout is not None
            assert b"re-encrypted" in await killed.stdout.readline()
            killed.kill()
            told = await said(other)
            await killed.communicate()
        finally:
            load.cancel()
            await asyncio.wait([load])
        assert load.cancelled()
        # Whoever still has the old ring went on sealing with the old key, which is told.
        if other.returncode:
            assert "values are still encrypted with the key 'old'. Do not remove it yet." in told
            assert "Set the new keys for all of them, then run this again." in told
        again = await program(stack, "rekey", both)
        told = await said(again)
        assert (again.returncode, told.splitlines()[-1]) == (
            0,
            "All values are encrypted with it. Other keys can be removed.",
        )
        async with with_ring(stack, NEW) as services:
            tokens, logins, secrets = await everything(services)
            keys = await keys_in_use(services.database)
    assert tokens == {f"token {number}" for number in range(1001, 1001 + CLUSTERS)}
    assert [login and login.password for login in logins] == ["password", None]
    assert {name: int(data["word"]) in (turns - 1, turns) for name, data in secrets.items()} == {
        f"s{number}": True for number in range(3)
    }
    assert keys == {"new": CLUSTERS + 1 + 3 + 1}


async def test_doctor_prints_which_keys_are_in_use(new_stack: NewStack) -> None:
    async with new_stack(working=False, encryption_keys=SecretStr(OLD)) as stack:
        await fill(stack.services, 1)
        told = []
        for ring in (OLD, f"{NEW},{OLD}", NEW):
            settings = stack.services.settings.model_copy(update={"encryption_keys": SecretStr(ring)})
            printed = io.StringIO()
            fine = await examine(settings, Console(file=printed, width=200))
            told += [(fine, line) for line in printed.getvalue().splitlines() if "Keys in use" in line]
    assert told == [
        (True, "✓ Keys in use: 'old' encrypts 2."),
        (True, "! Keys in use: 'old' encrypts 2. `polyhelm rekey` re-encrypts all of it with 'new'."),
        (False, "✗ Keys in use: 'old' encrypts 2. POLYHELM_ENCRYPTION_KEYS lacks 'old'. Add it after the first key."),
    ]


async def test_rekey_that_leaves_something_fails_and_says_what(new_stack: NewStack) -> None:
    async with new_stack(working=False, encryption_keys=SecretStr(OLD)) as stack:
        await fill(stack.services, 1)
        command = await program(stack, "rekey", NEW)
        told = await said(command)
    assert command.returncode == 1
    assert "The credentials of cluster:1001 were encrypted with the key 'old', which is not in" in told
    assert "2 values are still encrypted with the key 'old'. Do not remove it yet." in told


def test_a_ring_knows_its_keys() -> None:
    ring = KeyRing.parse(f"{NEW},{OLD}")
    assert "old" in ring and "new" in ring and "other" not in ring
