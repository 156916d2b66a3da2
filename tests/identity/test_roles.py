"""Roles: given and taken by admins, in an organization and in single groups of it, and what they are good for."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest_asyncio
from sqlmodel import col, select, update

from app.core.errors import Conflict
from app.fleet.role_changes import set_role
from app.identity.permissions import PERMISSIONS
from app.identity.tokens import authenticate
from app.tables.columns import now
from app.tables.identity import Organization, Role, User
from simulator import Member
from tests.stack import PAYLOAD, TOKEN, Stack, eventually, waiting_for_locks

MEMBER = "... on RolePayload { member { user role groupRoles { group role } } }"
MEMBERS = """query ($first: Int, $after: String) { members(first: $first, after: $after) {
  nodes { user role groupRoles { group role } }
  pageInfo { hasNextPage endCursor }
} }"""


@pytest_asyncio.fixture(loop_scope="session")
async def groups(quiet: Stack, simulated: Callable[[str], Member]) -> dict[str, str]:
    """The groups `fleet`, with Paris, and `edge`, with Berlin; a deployment in each. Gives the deployments' ids."""
    await quiet.fleet({"paris": simulated("paris").kubeconfig})
    await quiet.register("berlin", simulated("berlin").kubeconfig)
    await quiet.group("edge", ["berlin"])
    return {group: (await quiet.create(group=group))["deployment"]["id"] for group in ("fleet", "edge")}


async def user(stack: Stack, name: str, role: str = "VIEWER") -> str:
    """Makes a user of this name; gives their token."""
    made = await stack.mutate("createUser", "... on UserPayload { token }", name=name, role=role)
    token: str = made["token"]
    return token


async def give(stack: Stack, name: str, role: str | None, token: str = TOKEN, **given: Any) -> Any:
    return await stack.mutate("setRole", MEMBER, token, user=name, role=role, **given)


async def test_a_deployment_names_the_permissions_that_the_caller_has_for_it(
    quiet: Stack, groups: dict[str, str]
) -> None:
    ann = await user(quiet, "ann")
    await give(quiet, "ann", "DEPLOYER", group="fleet")
    query = "query ($id: ID!) { node(id: $id) { ... on Deployment { permissions } } }"
    found = {name: (await quiet.data(query, ann, id=id_))["node"]["permissions"] for name, id_ in groups.items()}
    assert {name: set(permissions) for name, permissions in found.items()} == {
        "fleet": PERMISSIONS[Role.DEPLOYER],
        "edge": PERMISSIONS[Role.VIEWER],
    }


async def test_a_deployer_of_one_group_changes_what_is_deployed_there_and_nowhere_else(
    quiet: Stack, groups: dict[str, str]
) -> None:
    ann = await user(quiet, "ann")
    assert await give(quiet, "ann", "DEPLOYER", group="fleet") == {
        "member": {"user": "ann", "role": "VIEWER", "groupRoles": [{"group": "fleet", "role": "DEPLOYER"}]}
    }
    refused = {
        "__typename": "Forbidden",
        "code": "forbidden",
        "message": "This needs the permission deployments.write: ask an admin of the organization for the role DEPLOYER"
        " or ADMIN in the group or its organization.",
        "path": [],
    }

    async def may(mutation: str, **given: Any) -> bool:
        answer = await quiet.mutate(mutation, PAYLOAD, ann, **given)
        assert answer["__typename"] == "DeploymentPayload" or answer == refused
        return "operation" in answer

    for group, expected in (("fleet", True), ("edge", False)):
        new = {"group": group, "chart": "charts/web", "namespace": "other"}
        assert await may("createDeployment", **new) is expected
        assert await may("createDeployment", dryRun=True, **new) is expected
        assert await may("updateDeployment", id=groups[group], values={"replicas": 2}) is expected
        assert await may("reconcileDeployment", id=groups[group]) is expected
        assert await may("deleteDeployment", id=groups[group]) is expected


async def test_a_role_in_a_group_gives_no_role_in_the_organization(quiet: Stack, groups: dict[str, str]) -> None:
    ann = await user(quiet, "ann")
    await give(quiet, "ann", "DEPLOYER", group="fleet")
    group = (await quiet.data('{ clusterGroup(name: "fleet") { id } }', ann))["clusterGroup"]
    refused = [
        await quiet.mutate("updateClusterGroup", "__typename", ann, id=group["id"], members=[]),
        await quiet.mutate("deleteClusterGroup", "__typename", ann, id=group["id"]),
        await quiet.mutate("setGroupFeature", "__typename", ann, group=group["id"], feature="x", enabled=False),
        await quiet.mutate("uploadChart", "__typename", ann, repository="charts", archive="x"),
        await give(quiet, "ann", "ADMIN", ann),
        await give(quiet, "ann", "DEPLOYER", ann, group="edge"),
    ]
    assert [answer["code"] for answer in refused] == ["forbidden"] * len(refused)


async def test_users_see_their_roles_and_those_of_other_members(quiet: Stack, groups: dict[str, str]) -> None:
    ann = await user(quiet, "ann")
    await give(quiet, "ann", "DEPLOYER", group="fleet")
    await give(quiet, "ann", "DEPLOYER", group="edge")
    in_groups = [{"group": "edge", "role": "DEPLOYER"}, {"group": "fleet", "role": "DEPLOYER"}]
    (own,) = (await quiet.data("{ memberships { organization role groupRoles { group role } } }", ann))["memberships"]
    assert (own["organization"], own["role"]) == ("default", "VIEWER")
    assert sorted(own["groupRoles"], key=lambda found: str(found["group"])) == in_groups
    admin = {"user": "admin", "role": "ADMIN", "groupRoles": []}
    members = (await quiet.data(MEMBERS, ann))["members"]
    assert members["nodes"] == [admin, {"user": "ann", "role": "VIEWER", "groupRoles": in_groups}]
    first = (await quiet.data(MEMBERS, ann, first=1))["members"]
    assert (first["nodes"], first["pageInfo"]["hasNextPage"]) == ([admin], True)
    rest = (await quiet.data(MEMBERS, ann, first=1, after=first["pageInfo"]["endCursor"]))["members"]
    assert rest["nodes"] == members["nodes"][1:]


async def test_a_user_who_loses_the_role_in_the_organization_loses_those_in_its_groups(
    quiet: Stack, groups: dict[str, str]
) -> None:
    ann = await user(quiet, "ann")
    await give(quiet, "ann", "DEPLOYER", group="fleet")
    assert await give(quiet, "ann", None) == {"member": None}
    assert (await quiet.data("{ memberships { organization } }", ann))["memberships"] == []
    assert await give(quiet, "ann", "VIEWER") == {"member": {"user": "ann", "role": "VIEWER", "groupRoles": []}}


async def test_a_role_in_a_group_ends_when_it_is_removed_or_the_group_is_deleted(
    quiet: Stack, groups: dict[str, str]
) -> None:
    await user(quiet, "ann")
    for group in groups:
        await give(quiet, "ann", "DEPLOYER", group=group)
    left = await give(quiet, "ann", None, group="edge")
    assert left["member"]["groupRoles"] == [{"group": "fleet", "role": "DEPLOYER"}]
    query = '{ clusterGroup(name: "fleet") { id } }'
    group_id = (await quiet.data(query))["clusterGroup"]["id"]
    await quiet.mutate("deleteClusterGroup", "__typename", id=group_id, force=True)
    members = (await quiet.data(MEMBERS))["members"]["nodes"]
    assert members[1] == {"user": "ann", "role": "VIEWER", "groupRoles": []}


async def test_a_changed_role_is_an_event_and_an_unchanged_one_is_not(quiet: Stack, groups: dict[str, str]) -> None:
    await user(quiet, "ann")
    query = '{ events(kinds: ["role"]) { nodes { message actor data } } }'
    await give(quiet, "ann", "DEPLOYER", group="fleet")
    await give(quiet, "ann", "DEPLOYER", group="fleet")
    await give(quiet, "ann", "ADMIN")
    await give(quiet, "ann", "ADMIN")
    await give(quiet, "ann", None, group="fleet")
    await give(quiet, "ann", None)
    assert [event["message"] for event in (await quiet.data(query))["events"]["nodes"][::-1]] == [
        "ann now has the role DEPLOYER in the group fleet.",
        "ann now has the role ADMIN.",
        "ann no longer has a role in the group fleet.",
        "ann no longer has a role.",
    ]
    newest = (await quiet.data(query))["events"]["nodes"][0]
    assert (newest["actor"], newest["data"]) == ("admin", {"user": "ann", "role": None, "was": "ADMIN"})


async def test_an_organization_keeps_an_admin_even_if_two_resign_concurrently(quiet: Stack) -> None:
    alone = await give(quiet, "admin", "VIEWER")
    assert (alone["__typename"], alone["code"], alone["path"]) == ("Conflict", "last_admin", ["user"])
    assert (await give(quiet, "admin", None))["code"] == "last_admin"
    await user(quiet, "ann", "ADMIN")
    viewer = await authenticate(quiet.services.database, TOKEN)
    assert viewer is not None
    ends = await asyncio.gather(
        *(set_role(quiet.services, viewer, None, name, Role.VIEWER, None) for name in ("admin", "ann")),
        return_exceptions=True,
    )
    assert [type(end) for end in ends].count(Conflict) == 1
    roles = [member["role"] for member in (await quiet.data(MEMBERS))["members"]["nodes"]]
    assert sorted(roles) == ["ADMIN", "VIEWER"]


async def test_a_role_is_given_while_the_user_signs_in_and_neither_holds_up_the_other_for_good(quiet: Stack) -> None:
    """Whoever signs in with an issuer locks their user, and then the organizations in which roles are given to them."""
    await user(quiet, "ann")
    await give(quiet, "ann", None)
    async with quiet.services.transaction() as signing_in:
        session = signing_in.session
        await session.exec(select(User).where(col(User.name) == "ann").with_for_update())
        giving = asyncio.create_task(give(quiet, "ann", "VIEWER"))

        await eventually(lambda: waiting_for_locks(quiet))
        await session.exec(select(Organization).with_for_update(key_share=True))
    assert (await giving)["member"]["role"] == "VIEWER"


async def test_a_disabled_admin_does_not_count_as_the_last_admin(quiet: Stack) -> None:
    await user(quiet, "ann", "ADMIN")
    async with quiet.services.transaction() as transaction:
        await transaction.session.execute(update(User).where(col(User.name) == "ann").values(disabled_at=now()))
    assert (await give(quiet, "admin", None))["code"] == "last_admin"


async def test_where_the_only_admin_is_disabled_administrators_of_the_installation_make_another_one(
    quiet: Stack,
) -> None:
    ann = await user(quiet, "ann")
    await quiet.mutate("createOrganization", "__typename", name="shop")
    await give(quiet, "ann", "ADMIN", organization="shop")
    await give(quiet, "admin", None, organization="shop")
    foreign = {"__typename": "NotFound", "code": "organization_not_found", "path": ["organization"]}
    taken = await give(quiet, "admin", "ADMIN", organization="shop")
    assert taken == foreign | {"message": "You do not belong to an organization 'shop'."}
    await quiet.mutate("disableUser", "__typename", user="ann")
    (event,) = (await quiet.data("{ events(installation: true, first: 1) { nodes { kind data } } }"))["events"]["nodes"]
    assert event == {"kind": "organization.without_admin", "data": {"organization": "shop"}}
    others = await user(quiet, "bob")
    assert (await give(quiet, "bob", "ADMIN", others, organization="shop"))["code"] == "organization_not_found"
    for role, group in (("VIEWER", None), ("DEPLOYER", "fleet"), (None, None)):
        assert (await give(quiet, "bob", role, organization="shop", group=group))["code"] == "organization_not_found"
    assert (await give(quiet, "bob", "ADMIN", organization="shop"))["member"]["role"] == "ADMIN"
    assert (await give(quiet, "admin", "ADMIN", organization="shop"))["code"] == "organization_not_found"
    await quiet.mutate("enableUser", "__typename", user="ann")
    await give(quiet, "ann", None, others, organization="shop")
    assert (await quiet.data("{ memberships { organization } }", ann))["memberships"] == [{"organization": "default"}]


async def test_an_admin_can_be_disabled_if_the_organization_has_another_one(quiet: Stack) -> None:
    await user(quiet, "ann", "ADMIN")
    await quiet.mutate("disableUser", "__typename", user="ann")
    kinds = [event["kind"] for event in (await quiet.data("{ events { nodes { kind } } }"))["events"]["nodes"]]
    assert kinds[0] == "user.disabled"
    assert (await quiet.data("{ events(installation: true) { nodes { kind } } }"))["events"]["nodes"] == []


async def test_an_admin_of_an_organization_alone_learns_of_no_user_outside_of_it(quiet: Stack) -> None:
    ann = await user(quiet, "ann", "ADMIN")
    await user(quiet, "bob")
    await give(quiet, "bob", None)
    outside, nobody = [await give(quiet, name, "VIEWER", ann) for name in ("bob", "nobody")]
    assert outside["__typename"] == "NotFound"
    assert outside["message"].replace("bob", "nobody") == nobody["message"]
    assert outside | {"message": ""} == nobody | {"message": ""}
    await give(quiet, "bob", "VIEWER")
    assert (await give(quiet, "bob", "DEPLOYER", ann))["member"]["role"] == "DEPLOYER"


async def test_invalid_roles_and_names_are_refused(quiet: Stack, groups: dict[str, str]) -> None:
    await user(quiet, "ann")
    for role in ("VIEWER", "ADMIN"):
        answer = await give(quiet, "ann", role, group="fleet")
        assert (answer["code"], answer["path"]) == ("role_not_of_groups", ["role"])
    answer = await give(quiet, "ann", "DEPLOYER", group="none")
    assert (answer["code"], answer["path"]) == ("cluster_group_not_found", ["group"])
    await give(quiet, "ann", None)
    answer = await give(quiet, "ann", "DEPLOYER", group="fleet")
    assert (answer["__typename"], answer["code"], answer["path"]) == ("Conflict", "not_a_member", ["user"])
