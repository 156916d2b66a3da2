"""What the docs show works: every GraphQL example is valid, the README's tour is run, every link leads somewhere."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from graphql import parse, validate

from app.program.demo import GROUP, NAMESPACE, RELEASE, sample_chart
from resolvers.api import api
from simulator import Member
from tests.live.client import socket
from tests.live.serving import served
from tests.project import layers
from tests.stack import Stack

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def examples(page: Path) -> list[str]:
    return re.findall(r"```graphql\n(.*?)```", page.read_text(), re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_example_is_valid_and_every_link_leads_somewhere(page: Path) -> None:
    for example in examples(page):
        assert validate(api._schema, parse(example)) == []
    for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), target


def test_every_test_that_the_page_on_security_names_is_there() -> None:
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs" / "security.md").read_text()))
    tests = [path.read_text() for path in (ROOT / "tests").rglob("test_*.py")]
    there = {name for text in tests for name in re.findall(r"def (test_\w+)\(", text)}
    assert named - there == set()
    assert len(named) > 20


async def test_the_tour_of_the_readme_works_as_it_is_written(stack: Stack, simulated: Callable[[str], Member]) -> None:
    names = ("paris", "berlin", "tokyo")
    for name in names:
        await stack.register(name, simulated(name).kubeconfig)
    await stack.group(GROUP, list(names))
    await stack.upload(sample_chart(), "samples")
    deployed = await stack.deployed(group=GROUP, chart="samples/hello", namespace=NAMESPACE, releaseName=RELEASE)
    for name in names:
        await stack.until_status(deployed, name, "DEPLOYED")
    overview, detail, plan, update, watch, reconcile = examples(ROOT / "README.md")

    (found,) = (await stack.data(overview))["deployments"]["nodes"]
    assert found["statusCounts"] == [{"status": "DEPLOYED", "count": 3}]
    deployment = (await stack.data(detail))["deployment"]
    assert deployment["id"] == deployed
    assert [target["status"] for target in deployment["targets"]] == ["DEPLOYED"] * 3

    targets = (await stack.data(plan))["updateDeployment"]["plan"]["targets"]
    assert [(target["action"], target["error"]) for target in targets] == [("UPGRADE", None)] * 3
    assert all("1.28-alpine" in target["manifestDiff"] for target in targets)
    operation: dict[str, Any] = (await stack.data(update))["updateDeployment"]
    assert (await stack.settled(operation))["state"] == "SUCCEEDED"
    async with served(stack) as url, socket(url) as live:
        told = await live.subscribe(watch)
        first = [await told.next() for _ in names]
    assert sorted(target["clusterName"] for target in first) == sorted(names)
    assert {(target["status"], target["revision"]) for target in first} == {("DEPLOYED", 2)}
    operation = (await stack.data(reconcile))["reconcileDeployment"]
    results = (await stack.settled(operation))["results"]
    assert [result["action"] for result in results] == ["NONE"] * 3


def test_the_architecture_page_shows_the_layers_of_the_contract() -> None:
    page = layers.PAGE.read_text()
    assert layers.printed(page) == page
    rows = re.findall(r"^[ ┌│└] ([a-z]+) ", page.partition("```text\n")[2].partition("```")[0], re.MULTILINE)
    packages = {path.parent.name for path in ROOT.glob("app/*/__init__.py")}
    assert sorted(rows) == sorted([*packages, "resolvers", "reconcilers", "schema"])
