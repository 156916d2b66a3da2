"""Steps of workflows whose Jobs really run."""

import pytest

from tests.automation.test_runs import ended, started
from tests.kubernetes.node import IMAGE
from tests.real.fleet import Fleet
from tests.stack import eventually
from tests.steps.test_objects import by_path

pytestmark = pytest.mark.xdist_group("node")


async def test_a_job_runs_with_its_logs_and_is_deleted(shop: Fleet, shop_id: str) -> None:
    def step(name: str, script: str) -> str:
        job = f"cluster: quito, namespace: {shop.namespace}, image: {IMAGE}, command: [sh, -c, '{script}']"
        return f"  - {{name: {name}, type: run-job, continueOnError: true, inputs: {{{job}}}}}\n"

    steps = step("passes", "for i in 1 2 3; do echo line $i; sleep 1; done") + step("fails", "echo sorry; exit 3")
    found = await ended(shop.stack, await started(shop.stack, f"name: jobs\nsteps:\n{steps}", "jobs"))
    assert found["state"] == "SUCCEEDED", found
    error = by_path(found, "error")["fails"]
    assert error["code"] == "job_failed"
    assert error["message"].endswith("on quito: The Job has failed: BackoffLimitExceeded.")
    lines = {
        path: [each["message"] for each in found["logs"]["nodes"] if each["path"] == path]
        for path in by_path(found, "state")
    }
    assert {path: each[2:] for path, each in lines.items()} == {
        "passes": ["line 1", "line 2", "line 3"],
        "fails": ["sorry"],
    }
    hand = shop.hands["quito"]
    path = f"/apis/batch/v1/namespaces/{shop.namespace}/jobs"

    async def are_gone() -> bool:
        _, listed = await hand.client.get(path, labelSelector="polyhelm/step")
        return not listed["items"]

    await eventually(are_gone)
