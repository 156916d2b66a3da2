"""What a plan costs: equal work is done once, whatever the number of clusters."""

import base64
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.helm.binary import find_helm
from app.program.processes import run_observer, running
from reconcilers.worker import run_worker
from simulator import Member
from tests.sample_charts import archive, chart_files
from tests.stack import Stack

NAMES = tuple(f"m{number}" for number in range(6))


@dataclass(frozen=True)
class Counted:
    """A Polyhelm with six members, whose runs of Helm are counted."""

    stack: Stack
    log: Path

    def runs(self) -> list[str]:
        """The verbs of the runs since this was last asked."""
        found = self.log.read_text().split() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return found

    async def planned(self, **given: Any) -> dict[str, Any]:
        answer = await self.stack.create(releaseName="shop", dryRun=True, **given)
        assert answer["__typename"] == "DeploymentPayload", answer
        return {plan["clusterName"]: plan for plan in answer["plan"]["targets"]}

    async def upload(self, name: str, template: str) -> None:
        files = chart_files(name) | {"templates/config.yaml": template}
        answer = await self.stack.upload(base64.b64encode(archive(files, root=name)).decode())
        assert "digest" in answer, answer


Open = Callable[..., AbstractAsyncContextManager[Counted]]


@pytest.fixture
def counted(
    new_stack: Callable[..., AbstractAsyncContextManager[Stack]], simulated: Callable[[str], Member], tmp_path: Path
) -> Open:
    @asynccontextmanager
    async def open_counted() -> AsyncIterator[Counted]:
        log, program = tmp_path / "runs", tmp_path / "helm"
        program.write_text(f'#!/bin/sh\n[ "$1" = version ] || echo "$1" >> {log}\nexec {find_helm(None).path} "$@"\n')
        os.chmod(program, 0o755)
        async with new_stack(working=False, helm=program) as stack:
            await stack.fleet({name: simulated(name).kubeconfig for name in NAMES})
            yield Counted(stack, log)

    return open_counted


MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shop}\ndata:\n"


async def test_a_chart_is_rendered_once_for_all_clusters_with_equal_values(counted: Open) -> None:
    async with counted() as polyhelm:
        plans = await polyhelm.planned()
        assert polyhelm.runs() == ["install"]
        assert {plan["error"] for plan in plans.values()} == {None}
        assert len({plan["manifest"] for plan in plans.values()}) == 1
        overrides = [{"cluster": "m1", "values": {"replicas": 2}}, {"cluster": "m2", "values": {"replicas": 2}}]
        plans = await polyhelm.planned(valueOverrides=overrides)
        assert polyhelm.runs() == ["install", "install"]
        assert plans["m1"]["manifest"] == plans["m2"]["manifest"] != plans["m0"]["manifest"]


async def test_a_chart_that_does_not_render_is_tried_once(counted: Open) -> None:
    async with counted() as polyhelm:
        await polyhelm.upload("broken", '{{ fail "never" }}')
        plans = await polyhelm.planned(chart="charts/broken")
        assert polyhelm.runs() == ["install"]
        assert {plan["error"]["code"] for plan in plans.values()} == {"chart_not_rendered"}


@pytest.mark.parametrize(
    "given", [{"chart": "charts/looking"}, {"chart": "charts/templated", "values": {"t": "lookup"}}]
)
async def test_a_chart_that_looks_up_objects_is_rendered_for_each_cluster(counted: Open, given: Any) -> None:
    async with counted() as polyhelm:
        looked_up = '{{ (lookup "v1" "Namespace" "" "kube-system").metadata.uid }}'
        await polyhelm.upload("looking", f"{MAP}  uid: {looked_up}\n")
        await polyhelm.upload("templated", MAP + "  t: {{ tpl .Values.t . | quote }}\n")
        plans = await polyhelm.planned(**given)
        assert polyhelm.runs() == ["install"] * len(NAMES)
        if given["chart"] == "charts/looking":
            assert len({plan["manifest"] for plan in plans.values()}) == len(NAMES)


async def test_an_upgrade_is_rendered_once_unless_the_chart_counts_revisions(counted: Open) -> None:
    counting_map = MAP + "  n: {{ .Release.Revision | quote }}\n  r: {{ .Values.replicas | quote }}\n"
    async with counted() as polyhelm:
        stack = polyhelm.stack
        await polyhelm.upload("counting", counting_map)
        async with running(run_worker(stack.services), run_observer(stack.services)):
            plain = await stack.deployed()
            counting = await stack.deployed(chart="charts/counting", releaseName="counting")
            overrides = [{"cluster": "m1", "values": {"replicas": 3}}]
            await stack.settled(await stack.update(counting, valueOverrides=overrides))
        polyhelm.runs()
        for deployment_id, verbs in ((plain, ["upgrade"]), (counting, ["upgrade"] * 2)):
            answer = await stack.update(deployment_id, values={"replicas": 5, "more": 1}, dryRun=True)
            assert {plan["error"] for plan in answer["plan"]["targets"]} == {None}
            assert polyhelm.runs() == verbs
        numbers = {plan["clusterName"]: plan["manifest"].split('n: "')[1][0] for plan in answer["plan"]["targets"]}
        assert numbers == {name: "3" if name == "m1" else "2" for name in NAMES}
