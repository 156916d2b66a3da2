"""docs/cli.md and docs/values.md: every example in them is run, in order, on what the demo brings up, and answers as it
is written there."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.program.demo import GROUP, NAMESPACE, RELEASE, sample_chart
from simulator import Member
from tests.cli.polyhelm import Polyhelm, timeless
from tests.stack import eventually

DOCS = Path(__file__).parents[2] / "docs"
GUIDE = (DOCS / "cli.md").read_text()
VALUES = (DOCS / "values.md").read_text()
HEALTH = (DOCS / "health.md").read_text()


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
