"""Rollout strategies in deployment files."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml
from graphql import GraphQLInputObjectType, Undefined

from app.rollouts.states import Ending
from app.rollouts.strategy import OnNewer
from cli import strategy
from cli.failure import Failure
from cli.manifest import read
from resolvers.api import api
from simulator import Member
from tests.cli.polyhelm import Polyhelm

PAGE = Path(__file__).parents[2] / "docs" / "rollouts.md"
HEAD = "polyhelm: v1\ngroup: web\nrelease: hello\nnamespace: demo\nchart: samples/hello\n"
(FILE,) = re.findall(r"```yaml\n# shop.yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)


def test_the_keys_of_a_file_and_their_defaults_are_those_of_the_api() -> None:
    for name, known in (
        ("RolloutStrategyInput", {**strategy.STRATEGY, "rollBackOn": None}),
        ("WaveInput", strategy.WAVE),
        ("GateInput", strategy.GATE),
        ("ApprovalInput", strategy.APPROVAL),
        ("CheckInput", strategy.CHECK),
        ("ObjectCheckInput", strategy.SPECS["object"]),
        ("HttpCheckInput", strategy.SPECS["http"]),
        ("PrometheusCheckInput", strategy.SPECS["prometheus"]),
        ("JobCheckInput", strategy.SPECS["job"]),
        ("HeaderInput", strategy.HEADER),
        ("VariableInput", strategy.HEADER),
        ("SecretHeaderInput", strategy.SECRET_HEADER),
    ):
        given = api._schema.type_map[name]
        assert isinstance(given, GraphQLInputObjectType)
        defaults = {key: field.default_value for key, field in given.fields.items()}
        assert {key: None if found is Undefined else found for key, found in defaults.items()} == known, name
    assert set(strategy.ON_NEWER) == set(OnNewer)
    assert set(strategy.ENDINGS) == set(Ending)


def test_what_equals_a_default_can_be_left_out() -> None:
    short: dict[str, Any] = {
        "waves": [{"name": "first", "count": 1, "select": {"labels": {"env": "test"}}}, {"name": "second"}]
    }
    first: dict[str, Any] = {**strategy.WAVE, **short["waves"][0], "percent": 100, "before": []}
    first |= {"select": {"labels": {"env": ["test"]}, "cloud": [], "kubernetesVersion": None}}
    long = {**strategy.STRATEGY, "waves": [first, {**strategy.WAVE, "name": "second", "maxFailures": 0}]}
    assert strategy.as_written(short) == strategy.as_written(long) == short
    assert strategy.as_written({"waves": []}) is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("strategy: 5", "6: a strategy must be a map with `waves`, `maxUnavailable`, `onNewer`, `rollBackOn`"),
        ("strategy: {onNewer: QUEUE}", "6: a strategy needs `waves`"),
        ("strategy:\n  waves:\n  - {count: 1}", "8: a wave needs `name`"),
        ("strategy: {waves: 5}", "6: `waves` must be a list"),
        (
            "strategy:\n  waves:\n  - {name: a, before: [5]}",
            "8: an entry of `before` must be a map with `approval`, `check`",
        ),
        ("strategy:\n  waves:\n  - name: a\n    cuont: 1", "9: `cuont` is not known: did you mean `count`?"),
        ("strategy:\n  waves:\n  - {name: a, count: '1'}", "8: `count` must be a number"),
        ("strategy:\n  waves:\n  - {name: a, soak: 30}", "8: `soak` must be a string (put it in quotes)"),
        ("strategy:\n  waves:\n  - {name: a, select: {cluod: x}}", "8: `cluod` is not known: did you mean `cloud`?"),
        ("strategy: {waves: [], onNewer: WAIT}", "6: `onNewer` must be one of SUPERSEDE, QUEUE, REFUSE"),
        ("strategy:\n  waves:\n  - {name: a, checks: [{health: true}]}", "8: a check needs `name`"),
        ("strategy:\n  waves:\n  - {name: a, checks: [{name: b, health: 1}]}", "8: `health` must be true or false"),
        (
            "strategy:\n  waves:\n  - {name: a, checks: [{name: b, object: {pases: x}}]}",
            "8: `pases` is not known: did you mean `passes`?",
        ),
        (
            "strategy:\n  waves:\n  - name: a\n    before:\n    - approval: {role: BOSS}",
            "10: `role` must be one of VIEWER, APPROVER, DEPLOYER, ADMIN",
        ),
    ],
)
def test_a_mistake_is_reported_with_its_line(text: str, problem: str) -> None:
    with pytest.raises(Failure) as failure:
        read(HEAD + text, "web.yaml")
    assert failure.value.details == (f"web.yaml:{problem}",)


@pytest_asyncio.fixture(loop_scope="session")
async def fleet(polyhelm: Polyhelm, members: dict[str, Member]) -> AsyncIterator[Polyhelm]:
    await polyhelm.stack.fleet({name: member.kubeconfig for name, member in members.items()}, "web")
    yield polyhelm


async def test_a_strategy_is_applied_shown_exported_and_changed_without_a_generation(fleet: Polyhelm) -> None:
    apply = ("deploy", "apply", "-f", "-", "--yes", "--no-wait")
    plan = await fleet.fine(*apply, stdin=FILE)
    assert plan[0] == "web/shop would be created:"
    assert "Rollout:      canary (1), europe (100%), production (100%)" in await fleet.fine("deploy", "get", "web/shop")

    exported = "\n".join(await fleet.fine("deploy", "get", "web/shop", "-o", "yaml"))
    assert yaml.safe_load(exported)["strategy"] == yaml.safe_load(FILE)["strategy"]
    (line,) = await fleet.fine(*apply, stdin=exported)
    assert line.startswith("web/shop: nothing differs.")

    changed = exported.replace("30m", "1h").replace("required: 2", "required: 3")
    assert (await fleet.fine(*apply, stdin=changed))[:3] == [
        "web/shop would change, from generation 1:",
        '  strategy.waves.canary.soak: "30m" -> "1h"',
        '  strategy.waves.production.before: [{"approval": {"required": 2, "role": "APPROVER"}}] ->'
        ' [{"approval": {"required": 3, "role": "APPROVER"}}]',
    ]
    at_once = FILE[: FILE.index("strategy:")] + "strategy: {waves: []}\n"
    lines = await fleet.fine(*apply, stdin=at_once)
    assert lines[1].startswith('  strategy: {"waves": [{"name": "canary", "count": 1, "soak": "1h", "checks":')
    assert lines[1].endswith("-> none")
    found = (await fleet("deploy", "get", "web/shop", "-o", "json")).data
    assert (found["generation"], found["strategy"]) == (1, None)


async def test_one_change_reaches_all_clusters_at_once_in_spite_of_the_strategy(fleet: Polyhelm) -> None:
    apply = ("deploy", "apply", "-f", "-", "--yes", "--no-wait")
    now = '{ deployment(group: "web", releaseName: "shop") { rollout { generation } strategy { maxUnavailable } } }'
    await fleet.fine(*apply, stdin=FILE)
    await fleet.fine(*apply, stdin=FILE + "values: {replicas: 2}\n")
    stored = {"maxUnavailable": "10%"}
    assert (await fleet.stack.data(now))["deployment"] == {"rollout": {"generation": 2}, "strategy": stored}
    await fleet.fine(*apply, "--at-once", stdin=FILE + "values: {replicas: 3}\n")
    assert (await fleet.stack.data(now))["deployment"] == {"rollout": None, "strategy": stored}
    await fleet.fine("deploy", "rollback", "web/shop", "--yes", "--no-wait", "--at-once")
    assert (await fleet.stack.data(now))["deployment"] == {"rollout": None, "strategy": stored}
    changed = FILE.replace("count: 1", "count: 2") + "values: {replicas: 2}\ntimeout: 60\nwait: false\n"
    shown = await fleet.fine("plan", "-f", "-", "--at-once", stdin=changed)
    options = [line for line in shown if line.startswith(("Strategy", "Timeout", "Wait", "Atomic"))]
    assert options == [
        "Strategy: canary (2), europe (100%), production (100%)",
        "Strategy override: all at once",
        "Timeout seconds: 60",
    ]
    done = await fleet("plan", "--reconcile", "web/shop", "--at-once")
    assert (done.code, done.words) == (2, ["Error: --at-once is for --file."])
