"""The same request twice, and two requests at once."""

import asyncio
from collections.abc import Callable

from simulator import Member
from tests.stack import Stack


async def test_the_same_key_gives_the_same_answer_and_does_nothing_twice(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    await quiet.fleet({"paris": simulated("paris").kubeconfig})
    first = await quiet.create(idempotencyKey="one")
    again = await quiet.create(idempotencyKey="one")
    assert again == first
    listed = await quiet.data("{ deployments { nodes { releaseName operations { nodes { kind } } } } }")
    assert listed["deployments"]["nodes"] == [
        {"releaseName": first["deployment"]["releaseName"], "operations": {"nodes": [{"kind": "CREATE"}]}}
    ]


async def test_the_same_key_with_other_input_is_a_conflict(quiet: Stack, simulated: Callable[[str], Member]) -> None:
    await quiet.fleet({"paris": simulated("paris").kubeconfig})
    await quiet.create(idempotencyKey="one")
    answer = await quiet.create(idempotencyKey="one", values={"replicas": 2})
    assert (answer["__typename"], answer["code"]) == ("Conflict", "idempotency_key_reused")


async def test_the_same_request_many_times_at_once_is_done_once(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    await quiet.fleet({"paris": simulated("paris").kubeconfig})
    answers = await asyncio.gather(*(quiet.create(idempotencyKey="one", releaseName="shop") for _ in range(6)))
    assert {answer["deployment"]["id"] for answer in answers} == {answers[0]["deployment"]["id"]}
    assert {answer["operation"]["id"] for answer in answers} == {answers[0]["operation"]["id"]}


async def test_of_two_updates_that_expect_the_same_generation_one_is_a_conflict(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    await quiet.fleet({"paris": simulated("paris").kubeconfig})
    deployment_id = (await quiet.create())["deployment"]["id"]
    answers = await asyncio.gather(
        *(quiet.update(deployment_id, expectedGeneration=1, values={"replicas": n}) for n in (2, 3))
    )
    assert sorted(answer["__typename"] for answer in answers) == ["Conflict", "DeploymentPayload"]
    loser = next(answer for answer in answers if answer["__typename"] == "Conflict")
    assert loser["code"] == "generation_moved_on"


async def test_updates_at_once_without_an_expectation_all_happen_one_after_the_other(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    await quiet.fleet({"paris": simulated("paris").kubeconfig})
    deployment_id = (await quiet.create())["deployment"]["id"]
    answers = await asyncio.gather(
        *(quiet.update(deployment_id, values={f"key{n}": n}, reuseValues=True) for n in range(4))
    )
    assert sorted(answer["deployment"]["generation"] for answer in answers) == [2, 3, 4, 5]
    deployed = await quiet.data("query ($id: ID!) { node(id: $id) { ... on Deployment { values } } }", id=deployment_id)
    assert deployed["node"]["values"] == {"key0": 0, "key1": 1, "key2": 2, "key3": 3}


async def test_two_deployments_of_one_name_at_once_give_one_and_a_conflict(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    await quiet.fleet({"paris": simulated("paris").kubeconfig})
    answers = await asyncio.gather(*(quiet.create(releaseName="shop") for _ in range(3)))
    assert sorted(answer["__typename"] for answer in answers) == ["Conflict", "Conflict", "DeploymentPayload"]
