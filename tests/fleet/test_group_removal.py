"""No update of a group takes many members away unless their number is confirmed. No worker runs."""

from collections.abc import Callable
from typing import Any

from simulator import Member
from tests.stack import Stack

PAYLOAD = """__typename
... on ClusterGroupPayload { clusterGroup { members { name } } removal { count clusters needsConfirmation } }
... on UserError { code message path }
... on RemovalUnconfirmed { removed clusters }
"""
UPDATE = f"mutation ($input: UpdateClusterGroupInput!) {{ updateClusterGroup(input: $input) {{ {PAYLOAD} }} }}"


async def update(stack: Stack, group_id: str, **given: Any) -> Any:
    return (await stack.data(UPDATE, input={"id": group_id, **given}))["updateClusterGroup"]


async def members(stack: Stack) -> list[str]:
    found = await stack.data('{ clusterGroup(name: "fleet") { members { name } } }')
    return [member["name"] for member in found["clusterGroup"]["members"]]


async def test_emptying_a_group_or_removing_many_members_has_to_be_confirmed_with_their_number(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    names = [f"city-{number}" for number in range(4)]
    group_id = await quiet.fleet({name: simulated(name).kubeconfig for name in names})
    assert await update(quiet, group_id, name="other", members=[]) == {
        "__typename": "RemovalUnconfirmed",
        "code": "removal_unconfirmed",
        "message": "This removes 4 of 4 clusters from the members of fleet: city-0, city-1, city-2, city-3."
        " To confirm it, repeat the request with confirmRemoval: 4.",
        "path": ["confirmRemoval"],
        "removed": 4,
        "clusters": names,
    }
    assert (await update(quiet, group_id, members=names[:1]))["code"] == "removal_unconfirmed"
    assert (await update(quiet, group_id, members=names[:1], confirmRemoval=2))["code"] == "removal_unconfirmed"
    assert await members(quiet) == names  # its name as well is what it was

    planned = await update(quiet, group_id, members=names[:1], dryRun=True)
    assert planned["removal"] == {"count": 3, "clusters": names[1:], "needsConfirmation": True}
    assert await members(quiet) == names

    assert (await update(quiet, group_id, members=names[:1], confirmRemoval=3))["removal"]["count"] == 3
    assert await members(quiet) == names[:1]
    assert (await update(quiet, group_id, members=names[:1], confirmRemoval=3))["removal"]["count"] == 0


async def test_members_on_which_a_deployment_has_all_its_targets_are_not_removed_without_confirmation(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    names = [f"city-{number}" for number in range(4)]
    group_id = await quiet.fleet({name: simulated(name).kubeconfig for name in names})
    await quiet.create(releaseName="shop", targets=names[:2])
    await quiet.create(releaseName="cart", targets=names[1:])
    refused = await update(quiet, group_id, members=names[2:])
    assert (refused["removed"], refused["message"]) == (
        2,
        "This removes 2 of 4 clusters from the members of fleet: city-0, city-1. As a result, shop loses 2 of 2"
        " targets. To confirm it, repeat the request with confirmRemoval: 2.",
    )
    assert (await update(quiet, group_id, members=names[1:]))["removal"]["count"] == 1
    assert await members(quiet) == names[1:]
