"""Checks before and after waves, on simulated members with a worker and an observer."""

import asyncio
from typing import Any

from sqlalchemy import text

from app.checks.measuring import measure_check
from app.jobs.rollouts import MeasureCheck
from simulator import Member
from tests.delivery.asking import (
    APPROVAL,
    PAYLOAD,
    generations,
    rollout_of,
    steer,
    until_phase,
    until_verified,
    until_waiting,
    wave,
    waves,
)
from tests.stack import Stack, eventually

_ENDED = text("SELECT message FROM event WHERE kind = 'rollout.check_ended'")
CANARY = "a-password-that-nobody-sees"
OBJECT = {"kind": "ConfigMap", "name": "shop"}


def check(name: str, **given: Any) -> dict[str, Any]:
    return {"name": name, "interval": "1s"} | given


def paris(**given: Any) -> dict[str, Any]:
    """A strategy whose first wave is paris, with these checks."""
    first = wave("first", select={"labels": {"wave": "paris"}}, **given)
    return {"waves": [first, wave("others")]}


def runs(rollout: Any, index: int = 0) -> dict[str, str]:
    """The verdicts of the checks of a wave."""
    return {each["rule"]["name"]: each["run"] and each["run"]["verdict"] for each in rollout["waves"][index]["checks"]}


async def test_a_wave_passes_once_its_checks_have(stack: Stack, fleet: dict[str, Member]) -> None:
    shop = await stack.deployed(releaseName="shop")
    await until_verified(stack, shop)
    strategy = paris(
        before=[{"check": check("as-before", object=OBJECT | {"passes": "object.metadata.name == 'shop'"})}],
        checks=[
            check("healthy", health=True),
            check("twice", count=2, object=OBJECT | {"fails": "data.?replicas.orValue('') == '9'"}),
        ],
    )
    answer = await stack.update(shop, values={"replicas": 2}, strategy=strategy)
    assert (await stack.settled(answer))["state"] == "SUCCEEDED"
    done = await rollout_of(stack, shop)
    assert runs(done) == {"as-before": "PASSED", "healthy": "PASSED", "twice": "PASSED"}
    checks = {each["rule"]["name"]: each["run"]["measurements"] for each in done["waves"][0]["checks"]}
    assert {name: len(measurements) for name, measurements in checks.items()} == {
        "as-before": 1,
        "healthy": 1,
        "twice": 2,
    }
    assert checks["twice"][0] == {
        "answer": "PASSED",
        "message": "It passes on 1 cluster.",
        "clusters": [{"cluster": "paris", "answer": "PASSED"}],
    }


async def test_a_failed_check_fails_the_rollout_before_the_next_wave_and_rolls_it_back(
    stack: Stack, fleet: dict[str, Member]
) -> None:
    shop = await stack.deployed(releaseName="shop")
    await until_verified(stack, shop)
    strategy = paris(checks=[check("never", object=OBJECT | {"passes": "false"})])
    answer = await stack.update(shop, values={"replicas": 2}, strategy=strategy)
    assert (await stack.settled(answer))["state"] == "FAILED"
    back = await until_phase(stack, shop, "SUCCEEDED")
    assert back["rollbackOf"] is not None
    assert await generations(stack, shop) == dict.fromkeys(fleet, (1, 1))
    [[message]] = await stack.services.database.rows(_ENDED)
    assert message == "The check never of the wave first is FAILED. paris: The condition `passes` is false."


async def test_a_check_without_a_result_holds_the_wave_until_a_user_runs_it_again(
    stack: Stack, fleet: dict[str, Member]
) -> None:
    shop = await stack.deployed(releaseName="shop")
    unsure = check("unsure", object=OBJECT | {"passes": "data.?ok.orValue('') == 'yes'", "fails": "false"})
    await stack.update(shop, values={"replicas": 2}, strategy=paris(checks=[unsure]))

    async def has_ended() -> Any:
        found = await rollout_of(stack, shop)
        return found if runs(found)["unsure"] == "INCONCLUSIVE" else None

    waiting = await eventually(has_ended)
    assert waiting["phase"] in ("RUNNING", "WAITING")
    assert [gate["message"] for gate in waiting["waitingFor"]] == ["The check unsure has not passed."]
    live = next(each for each in fleet["paris"].objects("configmaps") if each["metadata"]["name"] == "shop")
    fleet["paris"].put("configmaps", live | {"data": {**live.get("data", {}), "ok": "yes"}})
    again = {"rollout": waiting["id"], "wave": 0, "check": "unsure"}
    assert "rollout" in await stack.mutate("retryCheck", PAYLOAD, **again)
    assert runs(await until_phase(stack, shop, "SUCCEEDED")) == {"unsure": "PASSED"}
    refused = await stack.mutate("retryCheck", PAYLOAD, **again)
    assert refused["code"] == "rollout_state"


async def test_a_measurement_made_twice_counts_once_and_an_aborted_rollout_cancels_its_checks(
    stack: Stack, fleet: dict[str, Member]
) -> None:
    shop = await stack.deployed(releaseName="shop")
    strategy = paris(checks=[check("long", interval="1h", count=5, health=True)])
    await stack.update(shop, values={"replicas": 2}, strategy=strategy)
    waiting = await until_waiting(stack, shop, "CheckGate")
    await eventually(lambda: _measured(stack, 1))
    [[run_id]] = await stack.services.database.rows(text("SELECT id FROM check_run"))
    again = MeasureCheck(run_id=run_id, version=1)
    await asyncio.gather(*(measure_check(stack.services, again) for _ in range(3)))
    assert await _measured(stack, 2)
    await steer(stack, "pauseRollout", waiting)
    await measure_check(stack.services, MeasureCheck(run_id=run_id, version=2))
    assert await _measured(stack, 2)
    await steer(stack, "abortRollout", waiting)
    ended = await until_phase(stack, shop, "ABORTED")
    assert ended["waitingFor"] == []

    async def is_cancelled() -> bool:
        return runs(await rollout_of(stack, shop)) == {"long": "CANCELLED"}

    await eventually(is_cancelled)
    await measure_check(stack.services, MeasureCheck(run_id=run_id, version=2))
    assert await _measured(stack, 2)


async def _measured(stack: Stack, expected: int) -> bool:
    [[count]] = await stack.services.database.rows(text("SELECT count(*) FROM check_measurement"))
    return bool(count == expected)


async def test_an_expression_that_is_not_valid_is_refused_with_its_path(stack: Stack, fleet: dict[str, Member]) -> None:
    strategy = waves("paris", "berlin")
    strategy["waves"][1]["before"] = [*APPROVAL, {"check": check("one", object=OBJECT | {"passes": "cluster == 'a'"})}]
    refused = await stack.create(releaseName="shop", strategy=strategy)
    at = ["strategy", "waves", "1", "before", "1", "check", "object", "passes"]
    message = "line 1, column 1: undeclared reference to 'cluster'."
    assert [(each["path"], each["message"]) for each in refused["problems"]] == [(at, message)]
    strategy["waves"][1]["before"] = [{"check": check("one", health=True)}, {"approval": {"required": 0}}]
    refused = await stack.create(releaseName="shop", strategy=strategy)
    at = ["strategy", "waves", "1", "before", "1", "approval", "required"]
    assert [(each["path"], each["message"]) for each in refused["problems"]] == [(at, "Must be between 1 and 10.")]
    strategy["waves"][1] |= {"count": 1, "percent": 10, "before": [*APPROVAL, {}, *APPROVAL]}
    refused = await stack.create(releaseName="shop", strategy=strategy)
    problems = {".".join(each["path"][3:]): each["message"] for each in refused["problems"]}
    assert problems == {
        "percent": "A wave has either a count or a percentage.",
        "before.1": "Must have an approval or a check.",
        "before.2.approval": "A wave has at most one approval; `required` is the number of users who must approve.",
    }


async def test_the_error_of_an_expression_shows_no_secret_of_the_release(
    stack: Stack, fleet: dict[str, Member]
) -> None:
    payload = "... on SecretPayload { secret { id } }"
    assert "secret" in await stack.mutate("createSecret", payload, name="db", data={"password": CANARY})
    values = [{"path": "password", "secret": "db", "key": "password"}]
    shop = await stack.deployed(releaseName="shop", valuesFrom=values)
    await until_verified(stack, shop)
    # The expression fails with the password as the key of a map. It has the password, so the message quotes it.
    quotes = f"{{'a': true}}[data.values.split('{CANARY}').size() > 1 ? '{CANARY}' : 'a']"
    strategy = paris(checks=[check("leak", errorLimit=0, object=OBJECT | {"passes": quotes})])
    await stack.update(shop, values={"replicas": 2}, strategy=strategy)

    async def has_ended() -> Any:
        return await stack.services.database.rows(_ENDED)

    [[message]] = await eventually(has_ended)
    assert message.startswith("The check leak of the wave first is ERROR. paris: passes: Key not found in map")
    assert CANARY not in message
