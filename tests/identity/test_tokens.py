"""API tokens: limited to an organization, to a role and to a time, and never good for more than their user."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import select, update

from app.identity.permissions import PERMISSIONS, Permission
from app.identity.viewer import OrganizationRoles, Via, Viewer
from app.tables.columns import now
from app.tables.identity import ApiToken, Method, Role
from tests.identity.callers import token_of
from tests.stack import TOKEN, Stack

WHO = "{ viewer { name admin } memberships { organization role } }"


async def made(stack: Stack, name: str = "made", by: str = TOKEN, **limits: Any) -> Any:
    return await stack.mutate("createApiToken", "... on ApiTokenPayload { token expiresAt }", by, name=name, **limits)


async def roles(stack: Stack, token: str) -> dict[str, str]:
    found = (await stack.data(WHO, token))["memberships"]
    return {membership["organization"]: membership["role"] for membership in found}


ALL = set(Permission)
VIEWERS = PERMISSIONS[Role.VIEWER]
DEPLOYERS = PERMISSIONS[Role.DEPLOYER]


@pytest.mark.parametrize(
    ("organization", "role", "expected"),
    [
        (None, None, {1: (Role.ADMIN, [Role.DEPLOYER], ALL), 2: (Role.VIEWER, [], VIEWERS)}),
        (1, None, {1: (Role.ADMIN, [Role.DEPLOYER], ALL)}),
        (3, None, {}),
        (1, Role.DEPLOYER, {1: (Role.DEPLOYER, [Role.DEPLOYER], DEPLOYERS)}),
        (None, Role.VIEWER, {1: (Role.VIEWER, [Role.VIEWER], VIEWERS), 2: (Role.VIEWER, [], VIEWERS)}),
        (2, Role.ADMIN, {2: (Role.VIEWER, [], VIEWERS)}),
    ],
)
def test_a_limit_of_a_token_never_adds_permissions(
    organization: int | None, role: Role | None, expected: dict[int, tuple[Role, list[Role], set[Permission]]]
) -> None:
    memberships = {
        1: OrganizationRoles("a", Role.ADMIN, {7: frozenset((Role.DEPLOYER,))}),
        2: OrganizationRoles("b", Role.VIEWER),
    }
    viewer = Viewer(1, "ann", True, Via(Method.TOKEN, 1, "made"), memberships)
    limited = viewer.limited_to(organization, role)
    is_limited = organization is not None or role is not None
    assert {
        organization_id: (
            membership.shown_role,
            membership.shown_roles(7),
            {permission for permission in Permission if limited.may(organization_id, permission, group_id=7)},
        )
        for organization_id, membership in limited.memberships.items()
    } == expected
    assert (limited.admin, limited.via.limited) == (not is_limited, is_limited)
    assert (limited.rights == viewer.rights) is not is_limited


async def test_a_token_for_one_organization_sees_no_other(quiet: Stack) -> None:
    await quiet.mutate("createOrganization", "__typename", name="second")
    assert await roles(quiet, TOKEN) == {"default": "ADMIN", "second": "ADMIN"}
    token = (await made(quiet, organization="second"))["token"]
    assert await roles(quiet, token) == {"second": "ADMIN"}
    answer = await quiet.ask('{ clusters(organization: "default") { nodes { name } } }', token)
    assert answer["errors"][0]["extensions"]["code"] == "organization_not_found"
    answer = await made(quiet, "other", organization="none")
    assert (answer["__typename"], answer["code"], answer["path"]) == (
        "NotFound",
        "organization_not_found",
        ["organization"],
    )


async def test_a_token_with_a_role_loses_permissions_with_its_user_and_gains_none(quiet: Stack) -> None:
    created = await quiet.mutate("createUser", "... on UserPayload { token }", name="ann", role="ADMIN")
    token = (await made(quiet, by=created["token"], role="DEPLOYER"))["token"]
    for role, expected in (("ADMIN", "DEPLOYER"), ("VIEWER", "VIEWER"), ("DEPLOYER", "DEPLOYER")):
        await quiet.mutate("setRole", "__typename", user="ann", role=role)
        assert await roles(quiet, token) == {"default": expected}
    await quiet.mutate("setRole", "__typename", user="ann", role=None)
    assert await roles(quiet, token) == {}


async def test_a_limited_token_administers_nothing_and_makes_lists_and_revokes_no_tokens(quiet: Stack) -> None:
    token = (await made(quiet, organization="default", role="ADMIN"))["token"]
    assert (await quiet.data(WHO, token))["viewer"] == {"name": "admin", "admin": False}
    refused = [
        await quiet.mutate("createOrganization", "__typename", token, name="mine"),
        await quiet.mutate("createUser", "__typename", token, name="mine", role="ADMIN"),
        await made(quiet, "mine", token),
        await quiet.mutate("revokeApiToken", "__typename", token, name="bootstrap"),
    ]
    assert [answer["code"] for answer in refused] == ["forbidden", "forbidden", "token_limited", "token_limited"]
    answer = await quiet.ask("{ apiTokens { name } }", token)
    assert answer["errors"][0]["extensions"]["code"] == "token_limited"


async def test_a_token_is_invalid_once_it_has_expired(quiet: Stack) -> None:
    end = now() + timedelta(hours=1)
    found = await made(quiet, expiresAt=end.isoformat())
    assert datetime.fromisoformat(found["expiresAt"]) == end
    assert await roles(quiet, found["token"]) == {"default": "ADMIN"}
    async with quiet.services.transaction() as transaction:
        statement = update(ApiToken).where(ApiToken.__table__.c.name == "made")  # type: ignore[attr-defined]
        await transaction.session.execute(statement.values(expires_at=now()))
    assert (await quiet.data("{ viewer { name } }", found["token"]))["viewer"] is None


@pytest.mark.parametrize(
    ("end", "code"),
    [
        ("2020-01-01T00:00:00Z", "expires_at_past"),
        ("0001-01-01T00:00:00+14:00", "expires_at_past"),
        ("2100-01-01T00:00:00", "expires_at"),
        ("9999-12-31T23:59:59-12:00", "expires_at"),
    ],
)
async def test_an_invalid_expiry_is_refused(quiet: Stack, end: str, code: str) -> None:
    answer = await made(quiet, expiresAt=end)
    assert (answer["__typename"], answer["code"], answer["path"]) == ("ValidationFailed", code, ["expiresAt"])
    assert len(await quiet.services.database.rows(select(ApiToken.id))) == 1


async def test_no_token_creates_one_that_expires_later_than_itself(quiet: Stack) -> None:
    end = now() + timedelta(hours=1)
    short = (await made(quiet, expiresAt=end.isoformat()))["token"]
    longer = await made(quiet, "longer", short, expiresAt=(end + timedelta(seconds=1)).isoformat())
    assert (longer["code"], longer["path"]) == ("expires_at_late", ["expiresAt"])
    assert datetime.fromisoformat((await made(quiet, "same", short))["expiresAt"]) == end


async def test_with_a_maximum_lifetime_every_new_token_expires(
    new_stack: Callable[..., AbstractAsyncContextManager[Stack]],
) -> None:
    async with new_stack(working=False, token_lifetime=3600) as stack:
        before = datetime.now(UTC)
        end = datetime.fromisoformat((await made(stack))["expiresAt"])
        assert before + timedelta(hours=1) <= end <= now() + timedelta(hours=1)
        late = await made(stack, "late", expiresAt=(now() + timedelta(hours=2)).isoformat())
        assert late["code"] == "expires_at_late"
        await stack.mutate("createUser", "__typename", name="ann", role="VIEWER")
        ends = await stack.services.database.rows(select(ApiToken.name, ApiToken.expires_at))
        assert [name for name, end in ends if end is None] == ["bootstrap"]


async def test_an_expired_or_revoked_token_is_invalid(quiet: Stack) -> None:
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
