"""docs/cli.md, docs/values.md and docs/cockroachdb.md: every example in them is run, in order, on what the demo brings
up, and answers as it is written there."""

import asyncio
import base64
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.program.demo import GROUP, NAMESPACE, RELEASE, sample_chart
from simulator import Member
from tests.cli.polyhelm import Polyhelm, timeless
from tests.sample_charts import archive
from tests.stack import eventually

DOCS = Path(__file__).parents[2] / "docs"
GUIDE = (DOCS / "cli.md").read_text()
VALUES = (DOCS / "values.md").read_text()
HEALTH = (DOCS / "health.md").read_text()
COCKROACHDB = (DOCS / "cockroachdb.md").read_text()
CHART = Path(__file__).parents[1] / "real" / "charts" / "cockroachdb"


def examples(guide: str) -> list[tuple[str, list[str]]]:
    """Each command of the guide, and the lines that it answers."""
    found = []
    for block in re.findall(r"```console\n(.*?)```", guide, re.DOTALL):
        for example in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *lines = example.splitlines()
            found.append((command, [timeless(line) for line in lines]))
    return found


async def all_healthy(polyhelm: Polyhelm) -> bool:
    counts = (await polyhelm.stack.data("{ fleet { healthCounts { health count } } }"))["fleet"]["healthCounts"]
    return [found["health"] for found in counts] == ["HEALTHY"]


@pytest.mark.timeout(1800)  # it starts the program some fifty times
async def test_the_guide_works_as_it_is_written(working: Polyhelm, simulated: Callable[[str], Member]) -> None:
    names = ("paris", "berlin", "tokyo")
    for name in names:
        await working.stack.register(name, simulated(name).kubeconfig)
    await working.stack.group(GROUP, list(names))
    await working.stack.upload(sample_chart(), "samples")
    await working.stack.deployed(group=GROUP, chart="samples/hello", namespace=NAMESPACE, releaseName=RELEASE)
    await eventually(lambda: all_healthy(working))
    (file,) = re.findall(r"```yaml\n# greeter.yaml\n(.*?)```", GUIDE, re.DOTALL)
    (working.home / "greeter.yaml").write_text(file)
    (rules,) = re.findall(r"```yaml\n(rules:\n.*?)```", HEALTH, re.DOTALL)
    (working.home / "rules.yaml").write_text(rules)
    (working.home / "password.txt").write_text("correct horse\n")
    (working.home / "tls.crt").write_text("-----BEGIN CERTIFICATE-----\n")

    (login, nothing), *rest = examples(GUIDE)
    assert (login, nothing) == ("polyhelm login http://127.0.0.1:8000", [])
    await working.fine(*login.replace("http://127.0.0.1:8000", working.server).split()[1:])
    for command, expected in rest:
        assert await working.shell(command) == expected, command


async def test_the_guide_to_values_works_as_it_is_written(
    working: Polyhelm, simulated: Callable[[str], Member]
) -> None:
    test = {"tier": "test"}
    described: dict[str, dict[str, Any]] = {
        "paris": {"region": "eu-west-3", "labels": {"tier": "production", "size": "large"}},
        "berlin": {"region": "eu-central-1", "labels": test},
        "tokyo": {"region": "ap-northeast-1", "labels": test},
    }
    for name, given in described.items():
        await working.stack.register(name, simulated(name).kubeconfig, **given)
    await working.stack.group(GROUP, list(described))
    await working.stack.upload(sample_chart(), "samples")
    (file,) = re.findall(r"```yaml\n# shop.yaml\n(.*?)```", VALUES, re.DOTALL)
    (working.home / "shop.yaml").write_text(file)
    for command, expected in examples(VALUES):
        assert await working.shell(command) == expected, command


async def test_the_page_on_cockroachdb_works_as_it_is_written(
    working: Polyhelm, simulated: Callable[[str], Member]
) -> None:
    names = ["demo-pke-1", "demo-pke-2"]
    first, second = (simulated(name) for name in names)
    first.faults.stuck = True  # its load balancer gets no address by itself
    for name, member in zip(names, (first, second), strict=True):
        await working.stack.register(name, member.kubeconfig)
    await working.stack.group("db", names)
    files = {path.relative_to(CHART).as_posix(): path.read_text() for path in CHART.rglob("*") if path.is_file()}
    await working.stack.upload(base64.b64encode(archive(files, root="cockroachdb")).decode(), "samples")
    (file,) = re.findall(r"```yaml\n# cockroachdb.yaml\n(.*?)```", COCKROACHDB, re.DOTALL)
    (working.home / "cockroachdb.yaml").write_text(file)

    async def give_address(address: str) -> bool:
        """Writes the address of the load balancer once there is one, as the controller of a cloud would."""
        record = first.store.get(("", "services"), "cockroachdb", "cockroachdb-public")
        if record is not None:
            status = {"loadBalancer": {"ingress": [{"ip": address}]}}
            first.store.put(("", "services"), record.object() | {"status": status})
        return record is not None

    async def is_stale() -> bool:
        query = '{ deployment(group: "db", releaseName: "cockroachdb") { statusCounts { status } } }'
        counts = (await working.stack.data(query))["deployment"]["statusCounts"]
        return {"status": "STALE"} in counts

    apply, *rest = examples(COCKROACHDB)
    running = asyncio.create_task(working.shell(apply[0]))
    await eventually(lambda: give_address("203.0.113.10"))
    assert await running == apply[1]
    for command, expected in rest:
        if command.startswith("polyhelm deploy get"):
            await give_address("203.0.113.20")
            await eventually(is_stale)
        assert await working.shell(command) == expected, command
