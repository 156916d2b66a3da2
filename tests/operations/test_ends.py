"""Every operation ends, whatever came in between, and says so in one event."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from simulator import Member
from tests.operations.charts import with_hook
from tests.stack import Stack, eventually


async def ends_of(stack: Stack) -> dict[str, list[str]]:
    """By the kind of each operation, in their order: the states of their `operation.finished` events."""
    rows = await stack.services.database.rows(
        text(
            "SELECT o.id, o.kind, o.state, array_agg(e.data->>'state') FILTER (WHERE e.position IS NOT NULL)"
            " FROM operation o LEFT JOIN event e ON e.subject_type = 'Operation' AND e.subject_id = o.id"
            " AND e.kind = 'operation.finished' GROUP BY 1, 2, 3 ORDER BY 1"
        )
    )
    found: dict[str, list[str]] = {}
    for _, kind, state, told in rows:
        assert told == [state], (kind, state, told)
        found.setdefault(kind, []).append(state)
    return found


async def ask_again(stack: Stack, deployment_id: str, request: str) -> Any:
    if request == "update":
        return await stack.update(deployment_id, values={"replicas": 7}, targets=["berlin"])
    return await getattr(stack, request)(deployment_id)


@pytest.mark.parametrize("request_", ["reconcile", "update", "delete"])
async def test_a_request_for_a_target_that_is_being_removed_ends_with_the_target(
    stack: Stack, simulated: Callable[[str], Member], request_: str
) -> None:
    paris, berlin = simulated("paris"), simulated("berlin")
    await stack.fleet({"paris": paris.kubeconfig, "berlin": berlin.kubeconfig})
    await stack.upload(with_hook("pre-delete"))
    deployment_id = await stack.deployed(releaseName="shop", chart="charts/pre-delete")
    paris.faults.stuck = True
    first = await stack.update(deployment_id, targets=["berlin"])

    async def uninstalls() -> bool:
        return bool(paris.objects("jobs", "batch", namespace="default"))

    await eventually(uninstalls)
    second = await ask_again(stack, deployment_id, request_)
    paris.faults.stuck = False
    assert (await stack.settled(first))["state"] == "SUPERSEDED"
    ended = await stack.settled(second)
    assert ended["state"] == "SUCCEEDED"
    expected = {"delete": [("berlin", "UNINSTALL"), ("paris", "UNINSTALL")]}.get(
        request_, [("berlin", "UPGRADE" if request_ == "update" else "NONE"), ("paris", "UNINSTALL")]
    )
    assert [(result["clusterName"], result["action"]) for result in ended["results"]] == expected
    await ends_of(stack)


async def test_an_operation_without_targets_ends_at_once_and_says_so(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    await quiet.fleet({"paris": simulated("paris").kubeconfig})
    answer = await quiet.create(releaseName="shop", targets=[])
    assert answer["operation"]["state"] == "SUCCEEDED"
    assert (await quiet.settled(await quiet.reconcile(answer["deployment"]["id"])))["state"] == "SUCCEEDED"
    await quiet.delete(answer["deployment"]["id"])
    assert await ends_of(quiet) == {"CREATE": ["SUCCEEDED"], "RECONCILE": ["SUCCEEDED"], "DELETE": ["SUCCEEDED"]}


async def test_the_database_holds_no_open_result_without_a_target(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    await quiet.fleet({"paris": simulated("paris").kubeconfig})
    await quiet.create(releaseName="shop")
    with pytest.raises(IntegrityError, match="ck_operation_result_open_has_target"):
        async with quiet.services.transaction() as transaction:
            await transaction.session.execute(text("DELETE FROM target"))
