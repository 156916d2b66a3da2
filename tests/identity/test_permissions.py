"""Who may do what: every mutation, query and subscription, for every kind of caller, by introspection of the schema."""

from collections.abc import AsyncIterator, Callable
from importlib.metadata import version
from typing import Any

import httpx2
import pytest
import pytest_asyncio
from sqlmodel import col, select
from websockets.exceptions import ConnectionClosed

from app.identity.accounts import bootstrap
from app.identity.tables import Membership, Organization, Role, User
from app.identity.tokens import add_token
from resolvers.api import api
from simulator import Member
from tests.live.client import followed_by, socket
from tests.live.serving import Served
from tests.stack import Stack, eventually

MINIMAL: dict[str, dict[str, Any]] = {
    "registerCluster": {"name": "x", "cloud": "other", "distribution": "other", "kubeconfig": "x"},
    "removeCluster": {"id": "CLUSTER"},
    "createClusterGroup": {"name": "other", "members": []},
    "updateClusterGroup": {"id": "GROUP", "name": "renamed"},
    "deleteClusterGroup": {"id": "GROUP"},
    "setGroupFeature": {"group": "GROUP", "feature": "multi-cluster-deployment", "enabled": True},
    "addChartRepository": {"name": "x", "url": "oci://registry.invalid/charts"},
    "refreshChartRepository": {"id": "REPOSITORY"},
    "removeChartRepository": {"id": "REPOSITORY"},
    "uploadChart": {"repository": "charts", "archive": "x"},
    "createDeployment": {"group": "fleet", "chart": "charts/web", "namespace": "default"},
    "updateDeployment": {"id": "DEPLOYMENT", "values": {"a": 1}},
    "reconcileDeployment": {"id": "DEPLOYMENT"},
    "deleteDeployment": {"id": "DEPLOYMENT"},
    "createSecret": {"name": "other", "data": {"a": "b"}},
    "updateSecret": {"id": "SECRET", "data": {"a": "c"}},
    "deleteSecret": {"id": "SECRET"},
    "createOrganization": {"name": "other"},
    "createUser": {"name": "somebody", "role": "VIEWER"},
    "setRole": {"user": "somebody", "role": "VIEWER"},
    "register": {"name": "somebody", "password": "x"},
    "signIn": {"name": "somebody", "password": "x"},
    "signOut": {},
    "revokeSession": {"id": "U2Vzc2lvbjo5OTk5"},
    "setPassword": {"user": "somebody", "password": "x"},
    "disableUser": {"user": "somebody"},
    "enableUser": {"user": "somebody"},
    "createApiToken": {"name": "second"},
    "revokeApiToken": {"name": "nothing"},
}
"""An input for each mutation. One that is missing fails the test: nobody can forget a new mutation."""

NEEDS = {
    **dict.fromkeys(MINIMAL, "ADMIN"),
    **dict.fromkeys(
        ["createDeployment", "updateDeployment", "reconcileDeployment", "deleteDeployment", "uploadChart"], "DEPLOYER"
    ),
    "refreshChartRepository": "DEPLOYER",
    "createOrganization": "INSTALLATION",
    **dict.fromkeys(["createUser", "setPassword", "disableUser", "enableUser"], "INSTALLATION"),
    **dict.fromkeys(["register", "signIn", "signOut", "revokeSession"], "ANYBODY"),
    "createApiToken": "ANYBODY",
    "revokeApiToken": "ANYBODY",
}

OPEN = {"register": "registration_closed", "signIn": "wrong_credentials"}
"""What somebody who is not signed in may ask, and what is wrong with the inputs above."""

QUERIES = {
    "viewer": "{ viewer { name } }",
    "signInOptions": "{ signInOptions { registration } }",
    "sessions": "{ sessions { id } }",
    "users": "{ users { nodes { name } } }",
    "node": 'query { node(id: "DEPLOYMENT") { id } }',
    "apiTokens": "{ apiTokens { name } }",
    "fleet": """{ fleet { statusCounts { count } clusterCount clusters { nodes { name targets { status } } }
      charts cells(clusters: ["CLUSTER"], deployments: ["DEPLOYMENT"]) { clusterName } } }""",
    "version": "{ version }",
    "memberships": "{ memberships { organization } }",
    "members": "{ members { nodes { user role groupRoles { group role } } } }",
    "clusters": "{ clusters { nodes { name } } }",
    "cluster": '{ cluster(name: "paris") { name releases { name } } }',
    "clusterGroups": "{ clusterGroups { nodes { name } } }",
    "clusterGroup": '{ clusterGroup(name: "fleet") { name members { name } } }',
    "chartRepositories": "{ chartRepositories { name } }",
    "charts": "{ charts { name } }",
    "chart": '{ chart(repository: "charts", name: "web") { name } }',
    "secrets": "{ secrets { nodes { name } } }",
    "secret": '{ secret(name: "db") { id usedBy { id } } }',
    "deployments": "{ deployments { nodes { releaseName } } }",
    "deployment": '{ deployment(group: "fleet", releaseName: "shop") { id targets { values } } }',
    "operation": '{ operation(id: "OPERATION") { id results { clusterName } } }',
    "events": "{ events { nodes { message } } }",
}

SUBSCRIPTIONS = {
    "deployment": 'subscription { deployment(id: "DEPLOYMENT") { id } }',
    "targets": "subscription { targets { id } }",
    "operation": 'subscription { operation(id: "OPERATION") { id } }',
    "clusters": "subscription { clusters { id } }",
    "events": "subscription { events { cursor } }",
}
HIDDEN = {
    **{name: SUBSCRIPTIONS[name] for name in ("deployment", "operation")},
    "targets of a group": 'subscription { targets(group: "fleet") { id } }',
    "clusters of a group": 'subscription { clusters(group: "fleet") { id } }',
    "targets of an organization": 'subscription { targets(organization: "default") { id } }',
    "clusters of an organization": 'subscription { clusters(organization: "default") { id } }',
    "events of an organization": 'subscription { events(organization: "default") { cursor } }',
}
"""What names something of an organization that the caller does not belong to."""

EMPTY = {
    **{name: SUBSCRIPTIONS[name] for name in ("targets", "clusters", "events")},
    "targets of a deployment": 'subscription { targets(deployment: "DEPLOYMENT") { id } }',
}


@pytest_asyncio.fixture(loop_scope="session")
async def ids(quiet: Stack, simulated: Callable[[str], Member]) -> AsyncIterator[dict[str, str]]:
    """One object of each kind, by the word that stands for its id above; nothing of them may be changed."""
    group_id = await quiet.fleet({"paris": simulated("paris").kubeconfig})
    secret = await quiet.mutate("createSecret", "... on SecretPayload { secret { id } }", name="db", data={"a": "b"})
    answer = await quiet.create(releaseName="shop")
    found = await quiet.data("{ clusters { nodes { id } } chartRepositories { id } }")
    yield {
        "CLUSTER": found["clusters"]["nodes"][0]["id"],
        "GROUP": group_id,
        "REPOSITORY": found["chartRepositories"][0]["id"],
        "SECRET": secret["secret"]["id"],
        "DEPLOYMENT": answer["deployment"]["id"],
        "OPERATION": answer["operation"]["id"],
    }


async def token_of(stack: Stack, role: Role, organization: str = "default") -> str:
    """The token of a new user with this role in an organization, which is made where there is none."""
    token = f"token-of-{role}-in-{organization}".ljust(32, "-")
    async with stack.services.transaction() as transaction:
        session = transaction.session
        rows = await stack.services.database.rows(Organization.__table__.select())  # type: ignore[attr-defined]
        organization_id = next((row.id for row in rows if row.name == organization), None)
        if organization_id is None:
            made = Organization(name=organization)
            session.add(made)
            await session.flush()
            organization_id = made.id
        user = User(name=f"{role.lower()}-of-{organization}")
        session.add(user)
        await session.flush()
        session.add(Membership(user_id=user.id, organization_id=organization_id, role=role))
        await add_token(session, user.id, "test", token)
    return token


def filled(given: dict[str, Any], ids: dict[str, str]) -> dict[str, Any]:
    return {key: ids.get(value, value) if isinstance(value, str) else value for key, value in given.items()}


async def code_of(stack: Stack, mutation: str, ids: dict[str, str], token: str | None) -> str | None:
    kind = mutation[0].upper() + mutation[1:]
    query = (
        f"mutation ($input: {kind}Input!) {{ {mutation}(input: $input) {{ __typename ... on UserError {{ code }} }} }}"
    )
    answer = await stack.ask(query, token, input=filled(MINIMAL[mutation], ids))
    if "errors" in answer:
        return str(answer["errors"][0]["extensions"]["code"])
    return answer["data"][mutation].get("code")  # type: ignore[no-any-return]


def fields_of(root: str) -> set[str]:
    kind = api._schema.type_map[root]
    return set(kind.fields)  # type: ignore[attr-defined]


def test_every_mutation_query_and_subscription_is_in_this_test() -> None:
    assert fields_of("Mutation") == set(MINIMAL) == set(NEEDS)
    assert fields_of("Query") == set(QUERIES)
    assert fields_of("Subscription") == set(SUBSCRIPTIONS)


async def test_nobody_may_do_or_see_anything(quiet: Stack, ids: dict[str, str]) -> None:
    for token in (None, "a-token-that-is-nobodys", ""):
        for mutation in MINIMAL:
            assert await code_of(quiet, mutation, ids, token) == OPEN.get(mutation, "unauthenticated"), mutation
        for name, query in QUERIES.items():
            answer = await quiet.ask(_with(query, ids), token)
            if name == "viewer":
                assert answer["data"] == {"viewer": None}
            elif name == "signInOptions":
                assert answer["data"] == {"signInOptions": {"registration": False}}
            else:
                assert answer["errors"][0]["extensions"]["code"] == "unauthenticated", name


@pytest.mark.parametrize("role", list(Role))
async def test_a_role_may_do_what_needs_it_and_nothing_more(quiet: Stack, ids: dict[str, str], role: Role) -> None:
    token = await token_of(quiet, role)
    ranks = ["ANYBODY", *Role, "INSTALLATION"]
    for mutation, needed in NEEDS.items():
        if ranks.index(needed) > ranks.index(role):
            before = await quiet.data(_with(QUERIES["deployment"], ids))
            assert await code_of(quiet, mutation, ids, token) == "forbidden", mutation
            assert await quiet.data(_with(QUERIES["deployment"], ids)) == before
    if role is Role.VIEWER:
        for name, query in QUERIES.items():
            refused = (await quiet.ask(_with(query, ids), token)).get("errors")
            assert (refused is not None) == (name == "users"), name
    allowed = "reconcileDeployment" if role is not Role.VIEWER else "createApiToken"
    assert await code_of(quiet, allowed, ids, token) is None


async def test_what_belongs_to_another_organization_looks_as_if_it_were_not_there(
    quiet: Stack, ids: dict[str, str]
) -> None:
    token = await token_of(quiet, Role.ADMIN, "others")
    nothing: dict[str, Any] = {
        "node": None,
        "clusters": {"nodes": []},
        "fleet": {"statusCounts": [], "clusterCount": 0, "clusters": {"nodes": []}, "charts": [], "cells": []},
        "cluster": None,
        "clusterGroups": {"nodes": []},
        "clusterGroup": None,
        "chartRepositories": [],
        "charts": [],
        "chart": None,
        "secrets": {"nodes": []},
        "secret": None,
        "deployments": {"nodes": []},
        "deployment": None,
        "operation": None,
        "events": {"nodes": []},
    }
    for name, expected in nothing.items():
        answer = await quiet.ask(_with(QUERIES[name], ids), token)
        assert "errors" not in answer, name
        assert answer["data"] == {name: expected}, name
    for mutation, given in MINIMAL.items():
        if "id" in given or "group" in given:
            missing = {**ids, **dict.fromkeys(ids, "RGVwbG95bWVudDo5OTk5")}
            code = await code_of(quiet, mutation, ids, token)
            assert code == await code_of(quiet, mutation, missing, token), mutation
            assert code is not None
            assert code.endswith("_not_found"), mutation


async def test_nobody_may_subscribe_to_anything(quiet: Stack, served: Served, ids: dict[str, str]) -> None:
    async with served(quiet) as url, httpx2.AsyncClient(headers={"Accept": "text/event-stream"}) as client:
        for token in (None, "a-token-that-is-nobodys"):
            with pytest.raises(ConnectionClosed):
                async with socket(url, token):
                    pass
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            for name, query in SUBSCRIPTIONS.items():
                answer = await client.post(f"{url}/graphql", json={"query": _with(query, ids)}, headers=headers)
                assert '"code":"unauthenticated"' in answer.text, name


async def test_whoever_belongs_to_an_organization_may_subscribe_to_all_that_is_in_it(
    quiet: Stack, served: Served, ids: dict[str, str]
) -> None:
    async with served(quiet) as url, socket(url, await token_of(quiet, Role.VIEWER)) as opened:
        told = {name: await opened.subscribe(_with(query, ids)) for name, query in SUBSCRIPTIONS.items()}
        assert await told["deployment"].next() == {"id": ids["DEPLOYMENT"]}
        assert await told["operation"].next() == {"id": ids["OPERATION"]}
        assert await told["clusters"].next() == {"id": ids["CLUSTER"]}
        assert list(await told["targets"].next()) == ["id"]
        await eventually(lambda: followed_by(quiet, len(told)))
        await quiet.update(ids["DEPLOYMENT"], values={"replicas": 2})
        assert list(await told["events"].next()) == ["cursor"]


async def test_what_belongs_to_another_organization_looks_to_subscribers_as_if_it_were_not_there(
    quiet: Stack, served: Served, ids: dict[str, str]
) -> None:
    token = await token_of(quiet, Role.ADMIN, "others")
    nowhere = {**ids, **dict.fromkeys(ids, "RGVwbG95bWVudDo5OTk5"), '"fleet"': '"none"', '"default"': '"none"'}
    async with served(quiet) as url, socket(url, token) as opened:
        for name, query in HIDDEN.items():
            (error,) = await (await opened.subscribe(_with(query, ids))).next()
            (expected,) = await (await opened.subscribe(_with(query, nowhere))).next()
            assert error["extensions"] == expected["extensions"], name
            assert error["extensions"]["code"].endswith("_not_found"), name
        told = {name: await opened.subscribe(_with(query, ids)) for name, query in EMPTY.items()}
        await eventually(lambda: followed_by(quiet, len(told)))
        await quiet.update(ids["DEPLOYMENT"], values={"replicas": 2})
        rows = await quiet.services.database.rows(select(Organization.id).where(col(Organization.name) == "others"))
        async with quiet.services.transaction() as transaction:
            transaction.record("test", "the first that they may see", organization_id=rows[0][0])
        await told["events"].next()
        assert {name: found.told.qsize() for name, found in told.items()} == dict.fromkeys(told, 0)


async def test_an_expired_or_revoked_token_is_nobodys(quiet: Stack) -> None:
    fields = "... on ApiTokenPayload { token }"
    second = (await quiet.mutate("createApiToken", fields, name="second"))["token"]
    assert (await quiet.data("{ viewer { name admin } }", second))["viewer"] == {"name": "admin", "admin": True}
    await quiet.mutate("revokeApiToken", "... on RevokeApiTokenPayload { name }", name="second")
    assert (await quiet.data("{ viewer { name } }", second))["viewer"] is None


async def test_a_user_sees_their_own_tokens_and_when_each_was_used(quiet: Stack) -> None:
    query = "{ apiTokens { name expiresAt lastUsedAt } }"
    token = (await quiet.mutate("createApiToken", "... on ApiTokenPayload { token }", name="second"))["token"]
    bootstrap_token, second = (await quiet.data(query))["apiTokens"]
    assert (bootstrap_token["name"], bootstrap_token["expiresAt"]) == ("bootstrap", None)
    assert bootstrap_token["lastUsedAt"] is not None
    assert second == {"name": "second", "expiresAt": None, "lastUsedAt": None}
    assert (await quiet.data(query, token))["apiTokens"][1]["lastUsedAt"] is not None
    other = await token_of(quiet, Role.ADMIN)
    assert [found["name"] for found in (await quiet.data(query, other))["apiTokens"]] == ["test"]


async def test_the_server_tells_its_version(quiet: Stack) -> None:
    assert await quiet.data("{ version }") == {"version": version("polyhelm")}


async def test_the_first_user_is_the_admin_and_a_second_bootstrap_makes_nobody(quiet: Stack) -> None:
    assert await bootstrap(quiet.services, "another-token-for-the-tests") is False
    assert (await quiet.data("{ viewer { name } }", "another-token-for-the-tests"))["viewer"] is None


def _with(query: str, ids: dict[str, str]) -> str:
    for word, global_id in ids.items():
        query = query.replace(word, global_id)
    return query
