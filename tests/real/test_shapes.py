"""Charts with the shape of real ones: what Polyhelm makes of them is what plain Helm makes of the same charts and
values, through an install, an upgrade, a change by hand, a way back, and an uninstall."""

import base64
import gzip
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.contract.client import Client
from tests.kubernetes.member import Member
from tests.real.conftest import NewFleet
from tests.real.fleet import Fleet, upload_files
from tests.stack import eventually

pytestmark = [pytest.mark.xdist_group("kubernetes"), pytest.mark.foretold]

CHARTS = Path(__file__).parent / "charts"
KINDS = ("configmaps", "secrets", "services", "serviceaccounts", "persistentvolumeclaims")
MORE_KINDS = ("apps/v1/statefulsets", "batch/v1/jobs", "policy/v1/poddisruptionbudgets")
CUSTOM_KINDS = ("shapes.polyhelm.test/v1/backups", "shapes.polyhelm.test/v1/stores")


@dataclass(frozen=True)
class Shape:
    """A chart, values to install it with, to upgrade it to, and those that somebody else sets by hand."""

    chart: str
    first: dict[str, Any]
    second: dict[str, Any]
    by_hand: dict[str, Any]


SHAPES = [
    Shape(
        "operator",
        {"store": "cold"},
        {"store": "cold", "backups": {"nightly": {"keep": 14}, "weekly": {"schedule": "0 4 * * 0"}}},
        {"store": "other"},
    ),
    Shape("hooks", {}, {"greeting": "bonjour"}, {"greeting": "hi"}),
    Shape(
        "platform",
        {"name": "shop", "primary": {"size": 3}},
        {
            "name": "shop",
            "primary": {"size": 5},
            "replica": {"enabled": True},
            "cache": {"enabled": False},
            "global": {"zone": "east"},
        },
        {"name": "other", "primary": {"settings": {"fsync": None, "jit": "off"}}},
    ),
    Shape("vault", {"user": "app"}, {"user": "other"}, {"user": "third"}),
    Shape("large", {}, {"title": "Board", "dashboards": 11}, {"title": "Hand"}),
    Shape(
        "database",
        {"replicas": 1},
        {"replicas": 2, "settings": {"max_connections": 200, "jit": "off"}},
        {"replicas": 3},
    ),
]


class Plain:
    """The same release by plain Helm, in a namespace of its own."""

    def __init__(self, fleet: Fleet, folder: Path, chart: str) -> None:
        self._hand = fleet.hands["oslo"]
        self._release = fleet.release
        self._chart = str(CHARTS / chart)
        self._folder = folder
        self.namespace = f"{fleet.namespace}-plain"

    async def __call__(self, verb: str, values: dict[str, Any] | None = None, *options: str) -> bool:
        arguments = [verb, self._release, "--namespace", self.namespace, *options]
        if values is not None:
            path = self._folder / "values.yaml"
            path.write_text(yaml.safe_dump(values))
            arguments += [self._chart, "--values", str(path)]
        code, _, _ = await self._hand.helm.run(*arguments)
        return code == 0


def files_of(chart: str) -> dict[str, str]:
    folder = CHARTS / chart
    return {str(path.relative_to(folder)): path.read_text() for path in sorted(folder.rglob("*")) if path.is_file()}


async def release_in(client: Client, namespace: str, release: str) -> list[Any]:
    """All that Helm's records say of each revision, but for times, names of namespaces, and what was made up."""
    query = {"labelSelector": f"owner=helm,name={release}"}
    code, found = await client.get(f"/api/v1/namespaces/{namespace}/secrets", **query)
    assert code == 200, found
    told = [_record(secret, namespace) for secret in found["items"]]
    return sorted(told, key=lambda record: int(record["revision"]))


def _record(secret: Any, namespace: str) -> Any:
    text = gzip.decompress(base64.b64decode(base64.b64decode(secret["data"]["release"]))).decode()
    record = json.loads(re.sub(rf"\b{namespace}\b", "NAMESPACE", text))
    hooks = [
        {name: hook.get(name) for name in ("name", "kind", "manifest", "events", "weight", "delete_policies")}
        | {"phase": hook["last_run"]["phase"]}
        for hook in record.get("hooks") or []
    ]
    return {
        "revision": record["version"],
        "status": record["info"]["status"],
        "description": record["info"]["description"],
        "notes": record["info"].get("notes"),
        "values": record.get("config") or {},
        "manifest": re.sub(r"(password: )\S+", r"\1MADE-UP", record["manifest"]),
        "hooks": sorted(hooks, key=lambda hook: str(hook["name"])),
        "chart": record["chart"]["metadata"],
    }


async def objects_in(client: Client, namespace: str) -> set[str]:
    """The objects of a namespace, but for Helm's records and what every namespace has."""
    paths = [f"/api/v1/namespaces/{namespace}/{kind}" for kind in KINDS]
    for kind in (*MORE_KINDS, *CUSTOM_KINDS):
        group, version, plural = kind.split("/")
        paths.append(f"/apis/{group}/{version}/namespaces/{namespace}/{plural}")
    found = set()
    for path in paths:
        code, listed = await client.get(path)
        for item in listed["items"] if code == 200 else ():
            name = item["metadata"]["name"]
            if item.get("type") != "helm.sh/release.v1" and name not in ("kube-root-ca.crt", "default"):
                found.add(f"{path.rsplit('/', 1)[1]}/{name}")
    return found


@pytest.fixture
async def oslos(new_fleet: NewFleet, oslo: Member) -> AsyncIterator[Fleet]:
    """A fleet of oslo alone: it has controllers, and Pods that run."""
    async with new_fleet(oslo) as fleet:
        yield fleet
        hand = fleet.hands["oslo"]
        await hand.client.delete(f"/api/v1/namespaces/{fleet.namespace}-plain")


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.chart)
async def test_the_records_and_objects_of_a_release_are_those_of_plain_helm(
    oslos: Fleet, shape: Shape, tmp_path: Path
) -> None:
    fleet, hand = oslos, oslos.hands["oslo"]
    await upload_files(fleet.stack, files_of(shape.chart), shape.chart)
    plain = Plain(fleet, tmp_path, shape.chart)
    folder = str(CHARTS / shape.chart)

    async def same() -> list[Any]:
        """Both are alike, in the records and in what is there; gives the records."""
        ours = await release_in(hand.client, fleet.namespace, fleet.release)
        theirs = await release_in(hand.client, plain.namespace, fleet.release)
        assert ours == theirs

        async def alike() -> bool:  # what controllers make and remove comes a little later
            here, there = [await objects_in(hand.client, name) for name in (fleet.namespace, plain.namespace)]
            return here == there

        await eventually(alike)
        return ours

    deployment_id = await fleet.deployed(chart=f"charts/{shape.chart}", values=shape.first)
    assert await plain("install", shape.first, "--create-namespace")
    (record,) = await same()
    password = await hand.find(f"secrets/{fleet.release}-password")

    assert (await fleet.updated(deployment_id, values=shape.second))["state"] == "SUCCEEDED"
    assert await plain("upgrade", shape.second, "--reset-values")
    assert (await same())[-1]["values"] == shape.second

    values = tmp_path / "by-hand.yaml"
    values.write_text(yaml.safe_dump(shape.by_hand))
    await hand("upgrade", fleet.release, folder, "--values", str(values))
    assert await plain("upgrade", shape.by_hand)
    await same()
    await fleet.until(deployment_id, "oslo", status="STALE", revision=3)
    assert (await fleet.reconciled(deployment_id))["state"] == "SUCCEEDED"
    assert await plain("upgrade", shape.second, "--reset-values")
    assert (await same())[-1]["values"] == shape.second

    await hand("rollback", fleet.release, "1")
    assert await plain("rollback", None, "1")
    await same()
    await fleet.until(deployment_id, "oslo", status="STALE", revision=5)
    assert (await fleet.updated(deployment_id, values=shape.first))["results"][0]["action"] == "NONE"
    last = (await same())[-1]
    assert (last["values"], last["status"], last["revision"]) == (shape.first, "deployed", 5)
    await fleet.until(deployment_id, "oslo", status="DEPLOYED", revision=5)

    if shape.chart == "vault":
        kept = await hand.find(f"secrets/{fleet.release}-password")
        assert kept["data"]["password"] == password["data"]["password"]
    if shape.chart == "large":
        assert len(record["manifest"]) > 500_000

    assert (await fleet.stack.settled(await fleet.stack.delete(deployment_id)))["state"] == "SUCCEEDED"
    assert await plain("uninstall")
    assert await same() == []


async def test_a_failed_atomic_upgrade_is_rolled_back_with_its_hooks_as_by_plain_helm(
    oslos: Fleet, tmp_path: Path
) -> None:
    fleet, hand = oslos, oslos.hands["oslo"]
    await upload_files(fleet.stack, files_of("hooks"), "hooks")
    plain = Plain(fleet, tmp_path, "hooks")
    deployment_id = await fleet.deployed(chart="charts/hooks", values={"greeting": "hello"}, atomic=True)
    assert await plain("install", {"greeting": "hello"}, "--create-namespace", "--atomic")

    values = {"greeting": "bonjour", "phase": "Failed"}
    assert (await fleet.updated(deployment_id, values=values))["state"] == "FAILED"
    assert not await plain("upgrade", values, "--reset-values", "--atomic")
    ours = await release_in(hand.client, fleet.namespace, fleet.release)
    assert ours == await release_in(hand.client, plain.namespace, fleet.release)
    assert [record["status"] for record in ours] == ["superseded", "failed", "deployed"]
    assert await hand.find(f"configmaps/{fleet.release}-pre-rollback")
