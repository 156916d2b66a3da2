"""In an update, null means the same everywhere: what is left out stays as it is."""

from collections.abc import Callable
from typing import Any

from app.tables.columns import metadata
from simulator import Member
from tests.stack import Stack

FIELDS = """query { __schema { mutationType { fields { name args { name type { ofType { name } } } } } types {
  name kind inputFields { name type { kind } }
} } }"""
LOGS = {"event", "idempotency_key", "user", "api_token"}


async def nullable(stack: Stack) -> dict[str, list[str]]:
    """The fields of the inputs of all updates in which null may be given."""
    schema = (await stack.data(FIELDS))["__schema"]
    inputs = {each["name"]: each["inputFields"] for each in schema["types"] if each["kind"] == "INPUT_OBJECT"}
    return {
        mutation["name"]: [
            field["name"]
            for field in inputs[mutation["args"][0]["type"]["ofType"]["name"]]
            if field["type"]["kind"] != "NON_NULL"
        ]
        for mutation in schema["mutationType"]["fields"]
        if mutation["name"].startswith("update") or mutation["name"] == "setGroupFeature"
    }


async def rows(stack: Stack) -> dict[str, list[Any]]:
    """Everything that is in the database, but for logs and last uses."""
    return {
        table.name: sorted(map(repr, await stack.services.database.rows(table.select())))
        for table in metadata.sorted_tables
        if table.name not in LOGS
    }


async def test_null_changes_no_more_than_a_field_that_is_left_out(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    group = await quiet.fleet({name: simulated(name).kubeconfig for name in ("paris", "berlin")})
    await quiet.register("oslo", simulated("oslo").kubeconfig, region="north", labels={"tier": "edge"})
    given = {"name": "db", "data": {"password": "a very long one"}, "description": "The shop's."}
    secret = (await quiet.mutate("createSecret", "... on SecretPayload { secret { id } }", **given))["secret"]["id"]
    reference = [{"secret": "db", "key": "password", "path": "password"}]
    created = await quiet.create(
        releaseName="shop",
        description="Sells.",
        values={"replicas": 2},
        valuesFrom=reference,
        valueOverrides=[{"cluster": "paris", "values": {"replicas": 3}, "valuesFrom": reference}],
        targets=["paris", "berlin"],
        atomic=True,
        wait=True,
        timeoutSeconds=77,
        driftPolicy="CORRECT",
    )
    feature = {"group": group, "feature": "multi-cluster-deployment", "enabled": True}
    await quiet.mutate("setGroupFeature", "__typename", **feature, properties={"a": 1})
    cluster = (await quiet.data('{ cluster(name: "oslo") { id } }'))["cluster"]["id"]
    needed: dict[str, dict[str, Any]] = {
        "updateCluster": {"id": cluster},
        "updateDeployment": {"id": created["deployment"]["id"]},
        "updateClusterGroup": {"id": group},
        "updateSecret": {"id": secret},
        "setGroupFeature": feature,
    }
    fields = await nullable(quiet)
    assert fields.keys() == needed.keys()
    before = await rows(quiet)
    for mutation, names in fields.items():
        assert names
        for name in names:
            answer = await quiet.mutate(mutation, "__typename", **needed[mutation], **{name: None})
            assert answer["__typename"].endswith("Payload"), (mutation, name, answer)
            assert await rows(quiet) == before, (mutation, name)
    override = {"cluster": "paris", "values": None, "valuesFrom": None}
    await quiet.update(needed["updateDeployment"]["id"], reuseValues=True, valueOverrides=[override])
    assert await rows(quiet) == before
