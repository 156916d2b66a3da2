"""Who may subscribe to what."""

import httpx2
import pytest
from sqlmodel import col, select
from websockets.exceptions import ConnectionClosed

from app.tables.identity import Organization, Role
from tests.happenings import Happening
from tests.identity.asking import NOWHERE, with_ids
from tests.identity.callers import token_of
from tests.live.client import followed_by, socket
from tests.live.serving import Served
from tests.stack import Stack, eventually

SUBSCRIPTIONS = {
    "deployment": 'subscription { deployment(id: "DEPLOYMENT") { id } }',
    "targets": "subscription { targets { id } }",
    "operation": 'subscription { operation(id: "OPERATION") { id } }',
    "plan": 'subscription { plan(id: "STORED") { id } }',
    "rolloutChanged": 'subscription { rolloutChanged(id: "ROLLOUT") { id } }',
    "workflowRunChanged": 'subscription { workflowRunChanged(id: "RUN") { id } }',
    "clusters": "subscription { clusters { id } }",
    "events": "subscription { events { cursor } }",
    "logs": 'subscription { logs(target: "TARGET") { entries { text } } }',
}


HIDDEN = {
    **{name: SUBSCRIPTIONS[name] for name in SUBSCRIPTIONS if name not in ("targets", "clusters", "events")},
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


async def test_subscriptions_need_a_signed_in_caller(quiet: Stack, served: Served, ids: dict[str, str]) -> None:
    async with served(quiet) as url, httpx2.AsyncClient(headers={"Accept": "text/event-stream"}) as client:
        for token in (None, "a-token-that-is-nobodys"):
            with pytest.raises(ConnectionClosed):
                async with socket(url, token):
                    pass
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            for name, query in SUBSCRIPTIONS.items():
                answer = await client.post(f"{url}/graphql", json={"query": with_ids(query, ids)}, headers=headers)
                assert '"code":"unauthenticated"' in answer.text, name


async def test_members_may_subscribe_to_everything_in_their_organization(
    quiet: Stack, served: Served, ids: dict[str, str]
) -> None:
    async with served(quiet) as url, socket(url, await token_of(quiet, Role.VIEWER)) as opened:
        everybodys = {name: query for name, query in SUBSCRIPTIONS.items() if name != "logs"}
        told = {name: await opened.subscribe(with_ids(query, ids)) for name, query in everybodys.items()}
        assert await told["deployment"].next() == {"id": ids["DEPLOYMENT"]}
        assert await told["operation"].next() == {"id": ids["OPERATION"]}
        assert await told["clusters"].next() == {"id": ids["CLUSTER"]}
        assert list(await told["targets"].next()) == ["id"]
        await eventually(lambda: followed_by(quiet, len(told)))
        await quiet.update(ids["DEPLOYMENT"], values={"replicas": 2})
        assert list(await told["events"].next()) == ["cursor"]


async def test_a_viewer_may_not_read_logs(quiet: Stack, served: Served, ids: dict[str, str]) -> None:
    async with served(quiet) as url, socket(url, await token_of(quiet, Role.VIEWER)) as opened:
        (error,) = await (await opened.subscribe(with_ids(SUBSCRIPTIONS["logs"], ids))).next()
    assert error["extensions"]["code"] == "forbidden"


async def test_to_subscribers_objects_of_other_organizations_look_like_missing_ones(
    quiet: Stack, served: Served, ids: dict[str, str]
) -> None:
    token = await token_of(quiet, Role.ADMIN, "others")
    nowhere = NOWHERE | {'"default"': '"none"'}
    async with served(quiet) as url, socket(url, token) as opened:
        for name, query in HIDDEN.items():
            (error,) = await (await opened.subscribe(with_ids(query, ids))).next()
            (expected,) = await (await opened.subscribe(with_ids(query, nowhere))).next()
            assert error["extensions"] == expected["extensions"], name
            assert error["extensions"]["code"].endswith("_not_found"), name
        told = {name: await opened.subscribe(with_ids(query, ids)) for name, query in EMPTY.items()}
        await eventually(lambda: followed_by(quiet, len(told)))
        await quiet.update(ids["DEPLOYMENT"], values={"replicas": 2})
        rows = await quiet.services.database.rows(select(Organization.id).where(col(Organization.name) == "others"))
        async with quiet.services.transaction() as transaction:
            transaction.record(Happening.TEST, "the first that they may see", organization_id=rows[0][0])
        await told["events"].next()
        assert {name: found.told.qsize() for name, found in told.items()} == dict.fromkeys(told, 0)
