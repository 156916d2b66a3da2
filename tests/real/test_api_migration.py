"""An API migration on a real API server, read and continued by real Helm."""

from pathlib import Path
from typing import Any

import pytest

from tests.operations.test_api_migration import ended, migrate, until_listed
from tests.real.fleet import Fleet, Hand, upload_files
from tests.sample_charts import chart_files

pytestmark = pytest.mark.xdist_group("kubernetes")

BUDGET = """
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ .Release.Name }}
spec:
  minAvailable: {{ .Values.replicas }}
  selector: {matchLabels: {app: {{ .Release.Name }}}}
"""
FILES = chart_files("budget") | {"templates/budget.yaml": BUDGET}


def to_old(record: dict[str, Any]) -> None:
    record["manifest"] = record["manifest"].replace("apiVersion: policy/v1\n", "apiVersion: policy/v1beta1\n")


def chart_of(hand: Hand) -> str:
    folder: Path = hand.helm.home / "budget"
    for path, content in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content)
    return str(folder)


async def test_helm_reads_the_migrated_record_and_upgrades_the_release(paris: Fleet) -> None:
    hand, release = paris.hands["paris"], paris.release
    await upload_files(paris.stack, FILES, "budget")
    deployment_id = await paris.deployed(chart="charts/budget", values={"replicas": 1})
    await hand.edit_record(release, 1, to_old)
    upgrade = ("upgrade", release, chart_of(hand), "--set", "replicas=2")
    assert not await hand.try_to(*upgrade)
    budget = await hand.find(f"apis/policy/v1/poddisruptionbudgets/{release}")
    planned = await until_listed(paris.stack, 1, version="1.25")
    operation = await ended(paris.stack, await migrate(paris.stack, planned, "1.25"))
    assert operation["state"] == "SUCCEEDED", operation
    assert await hand.history(release) == [
        (1, "superseded", "Install complete"),
        (2, "deployed", "API versions updated for Kubernetes 1.25 by Polyhelm"),
    ]
    manifest = await hand("get", "manifest", release)
    assert "apiVersion: policy/v1\n" in manifest
    assert "v1beta1" not in manifest
    assert await hand.find(f"apis/policy/v1/poddisruptionbudgets/{release}") == budget
    await paris.until(deployment_id, "paris", status="DEPLOYED", revision=2)
    await hand(*upgrade)
    found = await hand.find(f"apis/policy/v1/poddisruptionbudgets/{release}")
    assert (found["metadata"]["uid"], found["spec"]["minAvailable"]) == (budget["metadata"]["uid"], 2)
    assert [(revision, status) for revision, status, _ in await hand.history(release)] == [
        *((1, "superseded"), (2, "superseded"), (3, "deployed")),
    ]
