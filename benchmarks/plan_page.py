"""A page of a stored plan with 1,000 targets: all of them, with the action, the reasons and the basis of each."""

from __future__ import annotations

import statistics
import time
from datetime import timedelta
from typing import Any

import httpx2
from sqlalchemy import insert

from app.deployments.answer import TargetPlan
from app.fleet.membership import create_group
from app.fleet.services import AllServices
from app.identity.tokens import authenticate
from app.plans.texts import packed
from app.releases.basis import Basis, Foundation
from app.releases.status import Reason, ReasonCode, TargetStatus
from app.releases.step import ReleaseAction
from app.server.main import create_app
from app.tables.columns import now
from app.tables.groups import ClusterGroup
from app.tables.plans import Plan, PlanKind, PlannedText, PlanTarget
from benchmarks.bench import Bench
from benchmarks.figures import Figure, Row
from benchmarks.server import TOKEN
from benchmarks.services import new_services
from schema.relay.ids import encode_id

_TARGETS, _PAGE = 1000, 200
_WARM_UP, _REQUESTS = 10, 50
_QUERY = """query ($id: ID!, $after: String) { plan(id: $id) { id state digest counts { action count }
  blocker { message } approvals comments { text }
  targets(first: 200, after: $after) { pageInfo { hasNextPage endCursor } nodes {
    clusterName action status revision reasons { code message } warnings error { code message } } } } }"""


async def of_a_thousand_targets(bench: Bench) -> list[Row]:
    async with new_services(bench, "plan-page-data") as services:
        plan_id = await _stored(services)
        bench.tell(f"plan page: {_TARGETS} targets")
        transport = httpx2.ASGITransport(create_app(services))
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost", timeout=60) as client:
            times = [await _ask(client, plan_id) for _ in range(bench.rounds)]
    medians = Figure(tuple(statistics.median(found) for found in times), "ms")
    return [Row(f"page of {_PAGE} of a plan's {_TARGETS} targets, median", medians, below=0.1)]


async def _ask(client: httpx2.AsyncClient, plan_id: str) -> list[float]:
    """The seconds that each request of a page took. The pages are read one after another, as a list is scrolled."""
    times, after = [], None
    for number in range(_WARM_UP + _REQUESTS):
        body: dict[str, Any] = {"query": _QUERY, "variables": {"id": plan_id, "after": after}}
        began = time.perf_counter()
        answer = await client.post("/graphql", json=body, headers={"Authorization": f"Bearer {TOKEN}"})
        found = answer.json()["data"]["plan"]["targets"]
        if number >= _WARM_UP:
            times.append(time.perf_counter() - began)
        assert len(found["nodes"]) == _PAGE
        after = found["pageInfo"]["endCursor"] if found["pageInfo"]["hasNextPage"] else None
    return times


async def _stored(services: AllServices) -> str:
    viewer = await authenticate(services.database, TOKEN)
    assert viewer is not None
    await create_group(services, viewer, None, "fleet", [])
    reason = Reason(ReasonCode.VALUES, "replicas: wanted 3, found 2", "replicas", 3, 2)
    plans = [
        TargetPlan(
            f"cluster-{number:04}",
            ReleaseAction.UPGRADE,
            TargetStatus.STALE,
            (reason,),
            {"replicas": 3},
            "a manifest\n" * 500,
            "a difference\n" * 20,
            values_diff="-replicas: 2\n+replicas: 3",
            basis=Basis(number, "uid", "v1.31.0", "d", True, 2, str(number)),
        )
        for number in range(_TARGETS)
    ]
    content = packed(plans)
    async with services.transaction() as transaction:
        session = transaction.session
        (group,) = (await session.execute(ClusterGroup.__table__.select())).all()  # type: ignore[attr-defined]
        row = Plan(
            organization_id=group.organization_id,
            group_id=group.id,
            kind=PlanKind.UPDATE,
            request=b"{}",
            release_name="shop",
            namespace="default",
            chart="charts/web",
            foundation=Foundation(1, {}, None, None).as_json(),
            digest="d" * 64,
            changed=True,
            counts=content.counts,
            author="admin",
            expires_at=now() + timedelta(days=1),
        )
        session.add(row)
        await session.flush()
        await session.execute(insert(PlannedText), [{"plan_id": row.id, **text} for text in content.texts])
        await session.execute(insert(PlanTarget), [{"plan_id": row.id, **target} for target in content.targets])
        return encode_id("Plan", row.id)
