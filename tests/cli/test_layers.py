"""Layers of values on the command line: files with selectors, the origins of values, and two clusters compared."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from simulator import Member
from tests.cli.polyhelm import Polyhelm

FILE = """\
polyhelm: v1
group: fleet
release: shop
namespace: default
chart: charts/web
version: 1.0.0
values:
  host: "${{ cluster.name }}.example.com"
  replicas: 2
overrides:
- select:
    region: eu-west-3
  values:
    replicas: 3
- cluster: berlin
  values:
    color: red
targetSelector:
  labels:
    tier: prod
atomic: false
wait: false
timeout: 300
driftPolicy: REPORT
crdPolicy: CREATE
liveDrift: "OFF"
"""


@pytest_asyncio.fixture(loop_scope="session")
async def fleet(polyhelm: Polyhelm, members: dict[str, Member]) -> AsyncIterator[Polyhelm]:
    """Paris and Berlin in the group `fleet`, of which Paris matches the selectors of FILE."""
    stack = polyhelm.stack
    await stack.fleet({})
    described: dict[str, dict[str, Any]] = {
        "paris": {"region": "eu-west-3", "labels": {"tier": "prod"}},
        "berlin": {"labels": {"tier": "test"}},
    }
    for name, given in described.items():
        await stack.register(name, members[name].kubeconfig, **given)
    group = (await stack.data('{ clusterGroup(name: "fleet") { id } }'))["clusterGroup"]["id"]
    fields = "... on ClusterGroupPayload { clusterGroup { id } }"
    await stack.mutate("updateClusterGroup", fields, id=group, members=["paris", "berlin"])
    (polyhelm.home / "shop.yaml").write_text(FILE)
    yield polyhelm


APPLY = ("deploy", "apply", "-f", "shop.yaml", "--yes", "--no-wait")


async def test_a_file_with_selectors_is_applied_written_and_compared(fleet: Polyhelm) -> None:
    assert await fleet.fine(*APPLY) == [
        "fleet/shop would be created:",
        "  CLUSTER   ACTION    WHY",
        "  paris     INSTALL   There is no release with this name.",
        "  Warning: The override for berlin has no effect: the cluster is not a target now.",
        "  Warning: values: host is neither among the chart's defaults nor in its values schema.",
        "  Warning: override for berlin: color is neither among the chart's defaults nor in its values schema.",
    ]
    written = await fleet.fine("deploy", "get", "fleet/shop", "-o", "yaml")
    assert written == FILE.splitlines()
    text = "\n".join(written)
    assert await fleet.fine("deploy", "apply", "-f", "-", stdin=text) == [
        "fleet/shop: nothing differs. Differs on paris; to fix it: polyhelm reconcile fleet/shop"
    ]

    assert await fleet.fine("deploy", "values", "fleet/shop", "--cluster", "paris") == [
        "host: paris.example.com",
        "replicas: 3",
    ]
    assert await fleet.fine("deploy", "values", "fleet/shop", "--cluster", "paris", "--origins") == [
        "PATH       VALUE                 LAYER                     HIDES",
        'host       "paris.example.com"   values                    -',
        "replicas   3                     select region=eu-west-3   2 (values), 1 (chart defaults)",
    ]
    missing = await fleet("deploy", "values", "fleet/shop", "--cluster", "berlin")
    assert (missing.code, missing.words[0]) == (1, "Error: berlin is not a target of fleet/shop.")

    await fleet.fine("cluster", "update", "berlin", "--label", "tier=prod")
    shown = await fleet.fine("deploy", "get", "fleet/shop")
    assert [line for line in shown if line.startswith(("Joining", "Leaving"))] == ["Joining:      berlin"]
    assert (await fleet.fine(*APPLY))[:4] == [
        "fleet/shop would change, from generation 1:",
        "  CLUSTER   ACTION    WHY",
        "  berlin    INSTALL   There is no release with this name.",
        "  paris     INSTALL   There is no release with this name.",
    ]
    compared = await fleet.fine("deploy", "compare", "fleet/shop", "paris", "berlin")
    assert [line.split("   ") for line in (re.sub(" {3,}", "   ", line) for line in compared)] == [
        ["PATH", "PARIS", "BERLIN"],
        ["(status)", "NOT_INSTALLED", "NOT_INSTALLED"],
        ["(version)", "-", "-"],
        ["(revision)", "-", "-"],
        ["color", "-", '"red" (override)'],
        ["host", '"paris.example.com" (values)', '"berlin.example.com" (values)'],
        ["replicas", "3 (select region=eu-west-3)", "2 (values)"],
    ]
    assert (await fleet("deploy", "compare", "fleet/shop", "paris", "berlin", "--exit-code")).code == 2
    same = await fleet("deploy", "compare", "fleet/shop", "paris", "paris", "--exit-code", "-o", "json")
    assert (same.code, same.data["desired"]) == (0, [])

    difference = await fleet.fine("deploy", "diff", "fleet/shop", "--from", "1", "--to", "2")
    assert [line for line in difference[2:] if line.startswith(("+", "-"))] == ["+- berlin"]
