"""Who sees the origin of an event, and refused attempts."""

from app.tables.identity import Role
from tests.identity.asking import asked
from tests.identity.callers import token_of
from tests.live.client import followed_by, socket
from tests.live.serving import served
from tests.stack import Stack, eventually


async def test_admins_see_the_origin_of_events_and_refused_attempts_if_they_ask_for_them(quiet: Stack) -> None:
    viewer, other = await token_of(quiet, Role.VIEWER), await token_of(quiet, Role.ADMIN, "others")
    await asked(quiet, "createClusterGroup", {"name": "edge", "members": []})
    await asked(quiet, "createClusterGroup", {"name": "more", "members": []}, viewer)
    query = "{ events(first: 1, audit: %s) { nodes { kind origin { mutation via address requestId given } } } }"
    made = {"kind": "cluster_group.created", "origin": None}
    assert (await quiet.data(query % "false", viewer))["events"]["nodes"] == [made]
    made["origin"] = {  # type: ignore[assignment]
        "mutation": "createClusterGroup",
        "via": "token bootstrap",
        "address": "127.0.0.1",
        "requestId": "createClusterGroup",
        "given": {"name": "edge", "members": []},
    }
    assert (await quiet.data(query % "false"))["events"]["nodes"] == [made]
    (refused,) = (await quiet.data(query % "true"))["events"]["nodes"]
    assert (refused["kind"], refused["origin"]["via"]) == ("mutation.refused", "token test")
    installation = "{ events(installation: true) { nodes { kind } } }"
    for token, asks in ((viewer, query % "true"), (viewer, installation), (other, installation)):
        answer = await quiet.ask(asks, token)
        assert answer["errors"][0]["extensions"]["code"] == "forbidden"
    assert (await quiet.data(query % "true", other))["events"]["nodes"] == []


async def test_a_subscriber_receives_refused_attempts_if_they_ask_for_them(quiet: Stack) -> None:
    viewer = await token_of(quiet, Role.VIEWER)
    subscription = "subscription { events(audit: %s) { kind } }"
    async with served(quiet) as url, socket(url) as opened:
        audit, timeline = [await opened.subscribe(subscription % word) for word in ("true", "false")]
        await eventually(lambda: followed_by(quiet, 2))
        await asked(quiet, "createClusterGroup", {"name": "edge", "members": []}, viewer)
        await asked(quiet, "createClusterGroup", {"name": "edge", "members": []})
        assert [(await audit.next())["kind"] for _ in range(2)] == ["mutation.refused", "cluster_group.created"]
        assert await timeline.next() == {"kind": "cluster_group.created"}
        async with socket(url, viewer) as theirs:
            (error,) = await (await theirs.subscribe(subscription % "true")).next()
            assert error["extensions"]["code"] == "forbidden"
