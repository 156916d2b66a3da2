"""A strategy for one change alone, on simulated members with a worker and an observer."""

from typing import Any

from simulator import Member
from tests.delivery.asking import APPROVAL, generations, paris_first, rollout_of, until_waiting, waves
from tests.plans.planned import applied, made
from tests.stack import Stack

AT_ONCE: dict[str, Any] = {"waves": []}
_STORED = "query ($id: ID!) { node(id: $id) { ... on Deployment { strategy { waves { name } } } } }"


def berlin_first() -> dict[str, Any]:
    strategy = waves("berlin", "tokyo")
    strategy["waves"][1]["before"] = APPROVAL
    return strategy


async def test_the_strategy_of_one_change_leaves_that_of_the_deployment_as_it_is(
    stack: Stack, fleet: dict[str, Member]
) -> None:
    shop = await stack.deployed(releaseName="shop", strategy=paris_first(), strategyOverride=AT_ONCE)
    assert (await rollout_of(stack, shop), await generations(stack, shop)) == (None, dict.fromkeys(fleet, (1, 1)))

    change = {"id": shop, "values": {"replicas": 2}, "strategyOverride": berlin_first()}
    await applied(stack, await made(stack, update=change))
    await until_waiting(stack, shop, "ApprovalGate")
    assert await generations(stack, shop) == {"paris": (1, 1), "berlin": (2, 2), "tokyo": (1, 1)}

    await stack.update(shop, values={"replicas": 3})
    await until_waiting(stack, shop, "ApprovalGate")
    assert await generations(stack, shop) == {"paris": (3, 3), "berlin": (2, 2), "tokyo": (1, 1)}

    await stack.settled(await stack.update(shop, values={"replicas": 4}, strategyOverride=AT_ONCE))
    assert await generations(stack, shop) == dict.fromkeys(fleet, (4, 4))
    stored = (await stack.data(_STORED, id=shop))["node"]["strategy"]
    assert stored == {"waves": [{"name": "paris"}, {"name": "berlin"}]}

    wrong = {"waves": [{"name": "first", "soak": "soon"}]}
    refused = await stack.update(shop, values={"replicas": 5}, strategyOverride=wrong)
    assert [each["path"] for each in refused["problems"]] == [["strategyOverride", "waves", "0", "soak"]]
