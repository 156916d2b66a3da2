"""No update takes many clusters away, or all of them, unless their number is confirmed. No worker runs."""

from collections.abc import Callable
from typing import Any

import pytest

from app.deployments.removal import Removal
from simulator import Member
from tests.stack import Stack

PAYLOAD = """__typename
... on DeploymentPayload {
  deployment { generation } plan { changed removal { count clusters needsConfirmation } }
}
... on UserError { code message path }
... on RemovalUnconfirmed { removed clusters }
"""
UPDATE = f"mutation ($input: UpdateDeploymentInput!) {{ updateDeployment(input: $input) {{ {PAYLOAD} }} }}"


async def update(stack: Stack, deployment_id: str, **given: Any) -> Any:
    return (await stack.data(UPDATE, input={"id": deployment_id, **given}))["updateDeployment"]


async def created(stack: Stack, simulated: Callable[[str], Member], count: int) -> tuple[str, list[str]]:
    names = [f"city-{number}" for number in range(count)]
    await stack.fleet({name: simulated(name).kubeconfig for name in names})
    return (await stack.create(releaseName="shop"))["deployment"]["id"], names


@pytest.mark.parametrize(
    ("before", "after", "percent", "needed"),
    [
        (1, 0, 25, True),
        (2, 0, 25, True),
        (2, 1, 25, False),
        (3, 1, 25, False),
        (4, 1, 25, True),
        (8, 6, 25, False),
        (11, 8, 25, True),
        (12, 9, 25, False),
        (12, 8, 25, True),
        (300, 225, 25, False),
        (300, 224, 25, True),
        (300, 298, 0, False),
        (300, 297, 0, True),
        (300, 1, 100, False),
        (300, 0, 100, True),
        (5, 5, 25, False),
        (0, 0, 25, False),
    ],
)
def test_two_targets_or_a_quarter_are_removed_without_confirmation_but_never_all(
    before: int, after: int, percent: int, needed: bool
) -> None:
    names = [str(number) for number in range(before)]
    removal = Removal.between(names, names[:after], percent)
    assert (removal.count, removal.needs_confirmation) == (before - after, needed)


async def test_an_update_that_removes_too_many_targets_names_them_and_changes_nothing(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    deployment_id, names = await created(quiet, simulated, 4)
    assert await update(quiet, deployment_id, targets=names[:1], values={"replicas": 2}) == {
        "__typename": "RemovalUnconfirmed",
        "code": "removal_unconfirmed",
        "message": "This removes 3 of 4 clusters from the targets of shop: city-1, city-2, city-3."
        " To confirm it, repeat the request with confirmRemoval: 3.",
        "path": ["confirmRemoval"],
        "removed": 3,
        "clusters": ["city-1", "city-2", "city-3"],
    }
    found = await quiet.data(
        "query ($id: ID!) { node(id: $id) { ... on Deployment { generation } } }", id=deployment_id
    )
    assert found["node"] == {"generation": 1}


async def test_another_number_than_that_of_the_targets_that_would_go_confirms_nothing(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    deployment_id, names = await created(quiet, simulated, 4)
    for kept, confirmed in ((0, None), (0, 3), (0, 0), (1, 4), (2, 1)):
        answer = await update(quiet, deployment_id, targets=names[:kept], confirmRemoval=confirmed)
        assert answer["code"] == "removal_unconfirmed", (kept, confirmed)
    answer = await update(quiet, deployment_id, targets=names, confirmRemoval=7)
    assert answer["deployment"]["generation"] == 1


@pytest.mark.parametrize(("kept", "confirmed"), [(0, 4), (1, 3), (2, None), (2, 2)])
async def test_the_number_of_the_targets_that_would_go_confirms_their_removal(
    quiet: Stack, simulated: Callable[[str], Member], kept: int, confirmed: int | None
) -> None:
    deployment_id, names = await created(quiet, simulated, 4)
    answer = await update(quiet, deployment_id, targets=names[:kept], confirmRemoval=confirmed)
    assert answer["deployment"]["generation"] == 2


async def test_a_dry_run_prints_the_number_and_asks_for_nothing(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    deployment_id, names = await created(quiet, simulated, 4)

    async def planned(**given: Any) -> Any:
        return (await update(quiet, deployment_id, dryRun=True, **given))["plan"]["removal"]

    nothing = {"count": 0, "clusters": [], "needsConfirmation": False}
    assert await planned(values={"replicas": 2}) == nothing
    assert await planned(targets=names[:3]) == {"count": 1, "clusters": ["city-3"], "needsConfirmation": False}
    assert await planned(targets=[]) == {"count": 4, "clusters": names, "needsConfirmation": True}


async def test_the_percentage_is_a_setting_of_the_installation(
    new_stack: Callable[..., Any], simulated: Callable[[str], Member]
) -> None:
    async with new_stack(working=False, max_removal=75) as stack:
        deployment_id, names = await created(stack, simulated, 4)
        assert (await update(stack, deployment_id, targets=[]))["code"] == "removal_unconfirmed"
        assert (await update(stack, deployment_id, targets=names[:1]))["deployment"]["generation"] == 2
