"""Checks whose Jobs really run."""

from typing import Any

import pytest

from tests.delivery.asking import rollout_of, until_phase
from tests.kubernetes.node import IMAGE
from tests.real.fleet import Fleet
from tests.stack import eventually

pytestmark = pytest.mark.xdist_group("node")


async def test_a_job_passes_if_its_container_ends_with_0_and_the_jobs_are_deleted(shop: Fleet, shop_id: str) -> None:
    def check(name: str, script: str) -> dict[str, Any]:
        return {"name": name, "job": {"image": IMAGE, "command": ["sh", "-c", script]}}

    checks = [check("passes", "exit 0"), check("fails", "exit 3")]
    strategy = {"waves": [{"name": "first", "minReady": "0s", "before": [{"check": each} for each in checks]}]}
    strategy["rollBackOn"] = []
    answer = await shop.stack.update(shop_id, values={"changed": True}, strategyOverride=strategy)
    assert "operation" in answer, answer
    failed = await until_phase(shop.stack, shop_id, "FAILED")

    async def results() -> Any:
        found = {
            each["rule"]["name"]: each["run"] for each in (await rollout_of(shop.stack, shop_id))["waves"][0]["checks"]
        }
        is_done = all(run and run["verdict"] != "RUNNING" for run in found.values())
        return is_done and {name: (run["verdict"], run["message"]) for name, run in found.items()}

    assert failed["ending"] == "CHECK_FAILED"
    found = await eventually(results)
    assert found["fails"] == ("FAILED", "quito: The Job has failed: BackoffLimitExceeded.")
    assert found["passes"][0] in ("PASSED", "CANCELLED")  # it may still run when the other one has failed
