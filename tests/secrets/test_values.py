"""Values of secrets in releases: put in by the worker, compared without being kept, and shown nowhere."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from app.releases.references import HIDDEN
from simulator import Member
from tests.live.hands import upgrade
from tests.sample_charts import SCHEMA, archive, chart_files, packaged
from tests.secrets.test_keeping import REFERENCE, changed, made
from tests.stack import Stack

SECRET = "s3cret-canary"


def installed(member: Member) -> Any:
    """The values that the chart was rendered with."""
    (found,) = [each for each in member.objects("configmaps") if each["metadata"]["name"] == "shop"]
    return json.loads(found["data"]["values"])


async def dump(stack: Stack) -> str:
    """All that Postgres keeps in columns that anybody who has a dump can read."""
    async with stack.services.database.reading() as session:
        tables = await session.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
        rows = [
            str(row)
            for (table,) in tables.all()
            for row in (await session.execute(text(f'SELECT row_to_json(t) FROM "{table}" t'))).all()
        ]
    return "\n".join(rows)


def is_told(secret: str, words: str) -> bool:
    encoded = base64.b64encode(secret.encode()).decode().rstrip("=")
    return any(form in words for form in (secret, encoded, secret.encode().hex()))


async def test_only_the_release_gets_the_values_of_secrets(stack: Stack, simulated: Callable[[str], Member]) -> None:
    paris, berlin = simulated("paris"), simulated("berlin")
    await stack.fleet({"paris": paris.kubeconfig, "berlin": berlin.kubeconfig})
    await made(stack, data={"password": SECRET, "other": f"{SECRET}-2"})
    deployment_id = await stack.deployed(
        releaseName="shop",
        values={"replicas": 2},
        valuesFrom=[REFERENCE],
        valueOverrides=[{"cluster": "paris", "valuesFrom": [REFERENCE | {"key": "other"}]}],
    )
    assert installed(berlin) == {"replicas": 2, "database": {"password": SECRET}}
    assert installed(paris) == {"replicas": 2, "database": {"password": f"{SECRET}-2"}}
    targets = await stack.targets(deployment_id)
    assert [target["status"] for target in targets.values()] == ["DEPLOYED", "DEPLOYED"]
    hidden = {"replicas": 2, "database": {"password": HIDDEN}}
    assert [target["values"] for target in targets.values()] == [hidden, hidden]
    assert [target["desiredValues"] for target in targets.values()] == [hidden, hidden]
    assert not is_told(SECRET, await dump(stack))


async def test_changing_a_secret_makes_its_targets_stale_until_they_are_reconciled(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    paris, berlin = simulated("paris"), simulated("berlin")
    await stack.fleet({"paris": paris.kubeconfig, "berlin": berlin.kubeconfig})
    secret_id = (await made(stack))["secret"]["id"]
    override = {"cluster": "berlin", "values": {"database": {"password": "plain"}}}
    deployment_id = await stack.deployed(releaseName="shop", valuesFrom=[REFERENCE], valueOverrides=[override])
    await changed(stack, secret_id, data={"password": f"{SECRET}-new"})
    targets = await stack.targets(deployment_id)
    assert (targets["berlin"]["status"], targets["paris"]["status"]) == ("DEPLOYED", "STALE")
    assert targets["paris"]["reasons"] == [
        {
            "code": "SECRET",
            "message": "database.password: differs from the current value password of the secret db.",
            "path": "database.password",
            "desired": None,
            "actual": None,
        }
    ]
    assert (await stack.settled(await stack.reconcile(deployment_id)))["state"] == "SUCCEEDED"
    assert installed(paris) == {"replicas": 1, "database": {"password": f"{SECRET}-new"}}
    targets = await stack.targets(deployment_id)
    assert {name: (target["status"], target["revision"]) for name, target in targets.items()} == {
        "berlin": ("DEPLOYED", 1),
        "paris": ("DEPLOYED", 2),
    }
    await changed(stack, secret_id, data={"password": f"{SECRET}-new"})
    assert (await stack.targets(deployment_id))["paris"]["status"] == "DEPLOYED"


async def test_a_manual_change_of_a_secret_value_is_noticed_and_not_shown(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    await stack.fleet({"paris": paris.kubeconfig})
    await made(stack)
    deployment_id = await stack.deployed(releaseName="shop", valuesFrom=[REFERENCE])
    upgrade(paris, "shop", {"database": {"password": "changed-canary"}})
    target = await stack.until_status(deployment_id, "paris", "STALE")
    assert [reason["code"] for reason in target["reasons"]] == ["SECRET"]
    assert target["values"] == {"database": {"password": HIDDEN}}
    assert not is_told("changed-canary", await dump(stack))


async def test_a_value_that_becomes_a_secret_is_removed_from_stored_texts(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    await stack.fleet({"paris": simulated("paris").kubeconfig})
    await made(stack)
    deployment_id = await stack.deployed(releaseName="shop", values={"database": {"password": SECRET}})
    answer = await stack.update(deployment_id, values={}, valuesFrom=[REFERENCE])
    assert (await stack.settled(answer))["state"] == "SUCCEEDED"
    target = (await stack.targets(deployment_id))["paris"]
    # It is the same value as before: there was nothing to do.
    assert (target["status"], target["revision"]) == ("DEPLOYED", 1)
    assert target["values"] == {"database": {"password": HIDDEN}}
    async with stack.services.database.reading() as session:
        kept = (await session.execute(text("SELECT values::text FROM release"))).scalars().all()
    assert len(kept) == 1
    assert not is_told(SECRET, kept[0])


FAILING = chart_files() | {
    "templates/check.yaml": '{{ with .Values.database }}{{ fail (printf "%s is too short" .password) }}{{ end }}'
}


@pytest.mark.parametrize(
    "chart",
    [
        base64.b64encode(archive(FAILING)).decode(),
        packaged(schema={"properties": {"database": {"properties": {"password": {"pattern": "^x"}}}}}),
    ],
    ids=["template", "schema"],
)
async def test_the_output_of_helm_does_not_quote_a_secret(
    stack: Stack, simulated: Callable[[str], Member], chart: str
) -> None:
    await stack.register("paris", simulated("paris").kubeconfig)
    await stack.group("fleet", ["paris"])
    await stack.upload(chart)
    await made(stack)
    answer = await stack.create(releaseName="shop", valuesFrom=[REFERENCE])
    operation = await stack.settled(answer)
    assert operation["state"] == "FAILED"
    (result,) = operation["results"]
    assert result["error"]["code"] in ("chart_not_rendered", "values_refused")
    assert not is_told(SECRET, str(operation))
    assert not is_told(SECRET, await dump(stack))


async def test_a_plan_shows_the_paths_of_secrets_and_not_their_values(
    stack: Stack, simulated: Callable[[str], Member]
) -> None:
    paris = simulated("paris")
    await stack.register("paris", paris.kubeconfig)
    await stack.group("fleet", ["paris"])
    kept_in = (
        "kind: Secret\napiVersion: v1\nmetadata: {name: shop}\ndata: {a: {{ .Values.database.password | b64enc }}}\n"
    )
    files = chart_files(schema=SCHEMA, values="database: {password: x}\n") | {"templates/secret.yaml": kept_in}
    await stack.upload(base64.b64encode(archive(files)).decode())
    secret_id = (await made(stack))["secret"]["id"]
    given: dict[str, Any] = {"releaseName": "shop", "values": {"replicas": 2}, "valuesFrom": [REFERENCE]}
    (plan,) = (await stack.create(**given, dryRun=True))["plan"]["targets"]
    assert (plan["action"], plan["error"]) == ("INSTALL", None)
    assert plan["desiredValues"] == {"replicas": 2, "database": {"password": HIDDEN}}
    assert f'\\"password\\":\\"{HIDDEN}\\"' in plan["manifest"]
    assert "polyhelm:secret" not in str(plan)
    deployment_id = await stack.deployed(**given)
    await changed(stack, secret_id, data={"password": f"{SECRET}-new"})
    (plan,) = (await stack.update(deployment_id, values={"replicas": 3}, dryRun=True))["plan"]["targets"]
    assert [reason["code"] for reason in plan["reasons"]] == ["SECRET", "VALUES"]
    assert not is_told(SECRET, str(plan))
    changes = [line for line in plan["manifestDiff"].splitlines() if line[0] in "+-" and line[:3] not in ("+++", "---")]
    assert [line.replace("2", "3") for line in changes[:1]] == [changes[1].replace("+", "-")]
    assert len(changes) == 2
