"""Secrets of an organization: what goes in, and that it never comes out."""

from collections.abc import Callable
from typing import Any

from simulator import Member
from tests.sample_charts import packaged
from tests.stack import TOKEN, Stack

FIELDS = "secret { id name kind description keys version usedBy { releaseName } }"
REFERENCE = {"secret": "db", "key": "password", "path": "database.password"}


async def made(stack: Stack, **given: Any) -> Any:
    given = {"name": "db", "data": {"password": "s3cret-canary"}} | given
    return await stack.mutate("createSecret", f"... on SecretPayload {{ {FIELDS} }}", **given)


async def changed(stack: Stack, secret_id: str, **given: Any) -> Any:
    return await stack.mutate("updateSecret", f"... on SecretPayload {{ {FIELDS} }}", id=secret_id, **given)


async def test_a_secret_is_created_changed_listed_and_deleted(quiet: Stack) -> None:
    secret = (await made(quiet, data={"password": "one", "user": "root"}, description="The database's"))["secret"]
    assert secret == {
        "id": secret["id"],
        "name": "db",
        "kind": "OPAQUE",
        "description": "The database's",
        "keys": ["password", "user"],
        "version": 1,
        "usedBy": [],
    }
    again = await changed(quiet, secret["id"], data={"user": None, "host": "db.local", "password": "one"})
    assert (again["secret"]["keys"], again["secret"]["version"]) == (["host", "password"], 2)
    same = await changed(quiet, secret["id"], data={"host": "db.local"}, description="Ours")
    assert (same["secret"]["version"], same["secret"]["description"]) == (2, "Ours")
    kept = await changed(quiet, secret["id"], data={})
    null = await changed(quiet, secret["id"], description=None)
    bare = await changed(quiet, secret["id"], description="")
    assert [each["secret"]["description"] for each in (kept, null, bare)] == ["Ours", "Ours", None]
    listed = await quiet.data('{ secrets { nodes { name keys } } secret(name: "db") { id } }')
    assert listed == {
        "secrets": {"nodes": [{"name": "db", "keys": ["host", "password"]}]},
        "secret": {"id": secret["id"]},
    }
    events = (await quiet.data('{ events(kinds: ["secret"]) { nodes { message } } }'))["events"]["nodes"]
    assert [event["message"] for event in events] == [
        *["The secret db was changed: its description."] * 2,
        "The secret db was changed: host, user.",
        "The secret db was created.",
    ]
    gone = await quiet.mutate("deleteSecret", "... on DeleteSecretPayload { id }", id=secret["id"])
    assert gone == {"id": secret["id"]}
    assert (await quiet.data('{ secret(name: "db") { id } }'))["secret"] is None


NO_SECRETS: list[tuple[dict[str, Any], list[str]]] = [
    ({"name": "Not a label"}, ["name"]),
    ({"data": {}}, ["data"]),
    ({"data": []}, ["data"]),
    ({"data": {"a key": "x"}}, ["data"]),
    ({"data": {"a": 1}}, ["data", "a"]),
    ({"data": {"a": "x\0"}}, ["data", "a"]),
    ({"data": {"a": "x" * 1_000_001}}, ["data"]),
    ({"data": {f"k{number}": "x" for number in range(101)}}, ["data"]),
    ({"kind": "REGISTRY", "data": {"username": "me"}}, ["data", "password"]),
    ({"kind": "KUBECONFIG", "data": {"config": "x"}}, ["data", "kubeconfig"]),
    ({"kind": "KUBECONFIG", "data": {"kubeconfig": "users: [{exec: s3cret-canary}]"}}, ["data", "kubeconfig"]),
    ({"description": "x" * 1001}, ["description"]),
]


async def test_an_invalid_secret_is_refused_and_not_quoted(quiet: Stack) -> None:
    answers = [await made(quiet, **given) for given, _ in NO_SECRETS]
    told = [(answer["__typename"], answer["problems"][0]["path"]) for answer in answers]
    assert told == [("ValidationFailed", path) for _, path in NO_SECRETS]
    assert "canary" not in str(answers)
    assert (await quiet.data("{ secrets { nodes { name } } }"))["secrets"]["nodes"] == []


FOUND = {
    "": ["cert", "db", "web-db"],
    '(search: "DB")': ["db", "web-db"],
    '(search: "tls")': ["cert"],
    '(search: "100%")': [],
    '(group: "web")': ["cert", "web-db"],
    '(group: "none")': ["cert"],
    '(group: "web", search: "db")': ["web-db"],
}


async def test_secrets_are_searched_and_those_are_listed_that_a_group_may_use(quiet: Stack) -> None:
    for group in ("web", "shop"):
        await quiet.group(group, [])
    for name, more in {"cert": {"description": "For TLS"}, "db": {"group": "shop"}, "web-db": {"group": "web"}}.items():
        await made(quiet, name=name, **more)
    lists = [(await quiet.data(f"{{ secrets{given} {{ nodes {{ name }} }} }}"))["secrets"]["nodes"] for given in FOUND]
    assert [[secret["name"] for secret in found] for found in lists] == list(FOUND.values())


async def test_a_name_is_taken_once_in_an_organization(quiet: Stack) -> None:
    await made(quiet)
    assert (await made(quiet))["code"] == "name_taken"


async def test_a_secret_that_a_deployment_uses_cannot_be_deleted(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    await quiet.fleet({"paris": simulated("paris").kubeconfig})
    secret_id = (await made(quiet, data={"password": "one", "user": "root"}))["secret"]["id"]
    created = await quiet.create(releaseName="shop", valuesFrom=[REFERENCE])
    assert (await changed(quiet, secret_id, data={"user": None}))["secret"]["usedBy"] == [{"releaseName": "shop"}]
    refused = await changed(quiet, secret_id, data={"password": None, "more": "x"})
    assert (refused["code"], refused["path"]) == ("secret_in_use", ["data", "password"])
    assert (await changed(quiet, secret_id, data={"password": None}))["code"] == "secret_in_use"
    kept = await quiet.mutate("deleteSecret", "... on DeleteSecretPayload { id }", id=secret_id)
    assert kept["code"] == "secret_in_use"
    assert kept["message"] == "db is used by shop. Remove it from their valuesFrom and rollout strategies first."
    await quiet.update(created["deployment"]["id"], valuesFrom=[])
    gone = await quiet.mutate("deleteSecret", "... on DeleteSecretPayload { id }", id=secret_id)
    assert gone == {"id": secret_id}


NOWHERE: list[tuple[dict[str, Any], list[str]]] = [
    ({"valuesFrom": [REFERENCE | {"secret": "none"}]}, ["valuesFrom", "database.password"]),
    ({"valuesFrom": [REFERENCE | {"key": "none"}]}, ["valuesFrom", "database.password"]),
    ({"valuesFrom": [REFERENCE | {"path": "a..b"}]}, ["valuesFrom", "a..b"]),
    ({"valuesFrom": [REFERENCE] * 101}, ["valuesFrom", ""]),
    ({"valuesFrom": [REFERENCE, REFERENCE | {"path": "database"}]}, ["valuesFrom", "database"]),
    ({"valuesFrom": [REFERENCE], "values": {"database": {"password": "x"}}}, ["valuesFrom", "database.password"]),
    (
        {"valueOverrides": [{"cluster": "paris", "valuesFrom": [REFERENCE | {"path": ""}]}]},
        ["valueOverrides", "paris", "valuesFrom", ""],
    ),
]


async def test_a_reference_to_a_missing_secret_is_refused(quiet: Stack, simulated: Callable[[str], Member]) -> None:
    await quiet.fleet({"paris": simulated("paris").kubeconfig})
    await made(quiet)
    answers = [await quiet.create(releaseName="shop", **given) for given, _ in NOWHERE]
    told = [(answer["__typename"], answer["problems"][0]["path"]) for answer in answers]
    assert told == [("ValidationFailed", path) for _, path in NOWHERE]


async def test_an_update_keeps_replaces_or_removes_references(quiet: Stack, simulated: Callable[[str], Member]) -> None:
    await quiet.fleet({"paris": simulated("paris").kubeconfig})
    await made(quiet, data={"password": "one", "user": "root"})
    override = {"cluster": "paris", "values": {"a": 1}, "valuesFrom": [REFERENCE | {"key": "user", "path": "user"}]}
    created = await quiet.create(releaseName="shop", valuesFrom=[REFERENCE], valueOverrides=[override])
    deployment_id = created["deployment"]["id"]

    async def wanted() -> Any:
        fields = "valuesFrom { secret key path } valueOverrides { cluster values valuesFrom { path } } generation"
        query = f"query ($id: ID!) {{ node(id: $id) {{ ... on Deployment {{ {fields} }} }} }}"
        return (await quiet.data(query, id=deployment_id))["node"]

    kept = {"cluster": "paris", "values": {"a": 1}, "valuesFrom": [{"path": "user"}]}
    assert await wanted() == {"valuesFrom": [REFERENCE], "valueOverrides": [kept], "generation": 1}
    await quiet.update(deployment_id, valuesFrom=[REFERENCE], valueOverrides=[override])
    assert (await wanted())["generation"] == 1
    await quiet.update(deployment_id, values={"b": 2})
    assert await wanted() == {"valuesFrom": [REFERENCE], "valueOverrides": [kept], "generation": 2}
    await quiet.update(deployment_id, valueOverrides=[{"cluster": "paris", "values": {"c": 3}}], reuseValues=True)
    merged = kept | {"values": {"a": 1, "c": 3}}
    assert await wanted() == {"valuesFrom": [REFERENCE], "valueOverrides": [merged], "generation": 3}
    await quiet.update(deployment_id, valuesFrom=[], valueOverrides=[])
    assert await wanted() == {"valuesFrom": [], "valueOverrides": [], "generation": 4}


async def test_a_deployer_of_one_group_refers_to_secrets_of_that_group_alone(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    await quiet.fleet({"paris": simulated("paris").kubeconfig})
    await quiet.group("others", [])
    for name, group in (("db", None), ("ours", "fleet"), ("theirs", "others")):
        await made(quiet, name=name, **({"group": group} if group else {}))
    token = (await quiet.mutate("createUser", "... on UserPayload { token }", name="deployer", role="VIEWER"))["token"]
    role = {"user": "deployer", "organization": "default", "group": "fleet", "role": "DEPLOYER"}
    assert "code" not in await quiet.mutate("setRole", "__typename", **role)

    async def create(secret: str, token: str) -> Any:
        given = {"group": "fleet", "chart": "charts/web", "namespace": "default", "releaseName": secret}
        fields = "__typename ... on UserError { code }"
        query = f"mutation ($input: CreateDeploymentInput!) {{ createDeployment(input: $input) {{ {fields} }} }}"
        answer = await quiet.data(query, token, input=given | {"valuesFrom": [REFERENCE | {"secret": secret}]})
        return answer["createDeployment"].get("code")

    assert [await create(name, token) for name in ("db", "ours", "theirs")] == ["forbidden", None, "invalid_input"]
    assert [await create(name, TOKEN) for name in ("db", "theirs")] == [None, "invalid_input"]


async def test_a_user_who_may_not_use_a_secret_cannot_change_a_deployment_that_could_reveal_it(
    quiet: Stack, simulated: Callable[[str], Member]
) -> None:
    await quiet.fleet({name: simulated(name).kubeconfig for name in ("paris", "berlin")})
    await quiet.upload(packaged(version="1.1.0"))
    await made(quiet, name="db")
    token = (await quiet.mutate("createUser", "... on UserPayload { token }", name="deployer", role="VIEWER"))["token"]
    role = {"user": "deployer", "organization": "default", "group": "fleet", "role": "DEPLOYER"}
    assert "code" not in await quiet.mutate("setRole", "__typename", **role)
    reference = REFERENCE | {"secret": "db"}
    created = await quiet.create(releaseName="web", version="1.0.0", targets=["paris"], valuesFrom=[reference])
    deployment_id = created["deployment"]["id"]

    async def update(**given: Any) -> Any:
        fields = "__typename ... on UserError { code }"
        query = f"mutation ($input: UpdateDeploymentInput!) {{ updateDeployment(input: $input) {{ {fields} }} }}"
        answer = (await quiet.data(query, token, input={"id": deployment_id} | given))["updateDeployment"]
        return answer.get("code")

    refused: list[dict[str, Any]] = [
        {"values": {"notes": "{{ .Values }}"}},
        {"valuesYaml": "notes: shown"},
        {"version": "1.1.0"},
        {"valuesFrom": [reference, REFERENCE | {"secret": "db", "path": "elsewhere"}]},
        {"valueOverrides": [{"cluster": "paris", "values": {"replicas": 2}}]},
        {"targets": ["paris", "berlin"], "valueOverrides": [{"cluster": "berlin", "values": {"replicas": 2}}]},
    ]
    for given in refused:
        for dry in (True, False):
            assert await update(**given, dryRun=dry) == "forbidden", given
    for given in (
        {"description": "Sells."},
        {"targets": ["paris", "berlin"]},
        {"valuesFrom": []},
        {"version": "1.1.0"},
    ):
        assert await update(**given) is None, given
