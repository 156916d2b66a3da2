"""Users who come from elsewhere while others change the same users: nothing twice, nobody locked out, one winner."""

import asyncio
from typing import Any

import pytest
from sqlmodel import col, select, update

from app.core.errors import Conflict, NotFound
from app.fleet.role_changes import set_role
from app.identity.external import adopt
from app.identity.people import Grants, Person
from app.identity.tokens import authenticate
from app.identity.users import disable_user
from app.identity.viewer import Viewer
from app.tables.events import Event
from app.tables.identity import Membership, Organization, Role, Source, User
from tests.stack import TOKEN, Stack, eventually, waiting_for_locks

GRANTS = Grants({"shop": {"default": Role.DEPLOYER}, "platform": {"default": Role.ADMIN}}, frozenset({"admins"}))


def person(name: str, *groups: str) -> Person:
    return Person(Source.LDAP, "", f"uid={name}", name, frozenset(groups))


async def admin(stack: Stack) -> Viewer:
    found = await authenticate(stack.services.database, TOKEN)
    assert found is not None
    return found


async def admins(stack: Stack) -> list[str]:
    """Who may sign in and administers the installation."""
    enabled = select(User.name).where(col(User.admin), col(User.disabled_at).is_(None)).order_by(User.name)
    return [name for (name,) in await stack.services.database.rows(enabled)]


async def roles(stack: Stack, name: str) -> list[Role]:
    statement = select(Membership.role).join(User, col(User.id) == Membership.user_id).where(User.name == name)
    return [role for (role,) in await stack.services.database.rows(statement)]


async def until_waiting(stack: Stack, count: int) -> None:
    """Until so many wait for a lock in this test's database."""

    async def so_many() -> bool:
        return await waiting_for_locks(stack) >= count

    await eventually(so_many)


async def test_the_last_admin_of_an_organization_keeps_the_role_that_groups_take_away(quiet: Stack) -> None:
    await adopt(quiet.services, person("ann", "platform"), GRANTS)
    assert await set_role(quiet.services, await admin(quiet), None, "admin", Role.VIEWER, None)
    await adopt(quiet.services, person("ann"), GRANTS)
    assert await roles(quiet, "ann") == [Role.ADMIN]
    kept = await quiet.services.database.rows(select(Event.message).where(Event.kind == "role.kept"))
    assert [message for (message,) in kept] == [
        "ann keeps the role ADMIN, although their groups do not grant it: there is no other admin."
    ]


@pytest.mark.parametrize("others", [1, 3])
async def test_admins_who_lose_their_groups_at_once_leave_one(quiet: Stack, others: int) -> None:
    names = [f"ann-{number}" for number in range(others)]
    for name in names:
        await adopt(quiet.services, person(name, "admins"), GRANTS)
    ends = await asyncio.gather(
        *(adopt(quiet.services, person(name), GRANTS) for name in names),
        disable_user(quiet.services, await admin(quiet), "admin"),
        return_exceptions=True,
    )
    assert not [end for end in ends if isinstance(end, BaseException) and not isinstance(end, Conflict)]
    assert len(await admins(quiet)) == 1


async def test_an_admin_is_disabled_while_the_other_one_loses_the_group_and_one_is_left(quiet: Stack) -> None:
    """Each has begun before the other one is over, in either order."""
    viewer = await admin(quiet)
    for first in ("adopt", "disable"):
        await adopt(quiet.services, person("ann", "admins"), GRANTS)
        async with quiet.services.transaction() as holding:
            await holding.session.exec(select(User).where(col(User.name) == "admin").with_for_update())
            begin: dict[str, Any] = {
                "adopt": lambda: adopt(quiet.services, person("ann"), GRANTS),
                "disable": lambda: disable_user(quiet.services, viewer, "admin"),
            }
            tasks = []
            for count, name in enumerate((first, *(begin.keys() - {first})), 1):
                tasks.append(asyncio.create_task(begin[name]()))
                await until_waiting(quiet, count)
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        assert not [end for end in ends if isinstance(end, BaseException) and not isinstance(end, Conflict)]
        assert len(await admins(quiet)) == 1
        async with quiet.services.transaction() as transaction:
            await transaction.session.execute(update(User).where(col(User.name) == "admin").values(disabled_at=None))


async def test_a_role_cannot_be_set_before_the_first_sign_in_has_created_the_user(quiet: Stack) -> None:
    viewer = await admin(quiet)
    async with quiet.services.transaction() as holding:
        await holding.session.exec(select(Organization).with_for_update())
        signing_in = asyncio.create_task(adopt(quiet.services, person("ann", "shop"), GRANTS))
        await until_waiting(quiet, 1)
        setting = asyncio.create_task(set_role(quiet.services, viewer, None, "ann", Role.VIEWER, None))
        await until_waiting(quiet, 2)
    await signing_in
    with pytest.raises(NotFound):
        await setting
    assert await roles(quiet, "ann") == [Role.DEPLOYER]


@pytest.mark.parametrize("first", ["sign in", "set role"])
async def test_of_a_sign_in_and_a_role_that_is_set_at_once_the_later_one_counts(quiet: Stack, first: str) -> None:
    viewer = await admin(quiet)
    await adopt(quiet.services, person("ann"), GRANTS)
    begin: dict[str, Any] = {
        "sign in": lambda: adopt(quiet.services, person("ann", "shop"), GRANTS),
        "set role": lambda: set_role(quiet.services, viewer, None, "ann", Role.VIEWER, None),
    }
    (second,) = begin.keys() - {first}
    async with quiet.services.transaction() as holding:
        await holding.session.exec(select(Organization).with_for_update())
        tasks = [asyncio.create_task(begin[first]())]
        await until_waiting(quiet, 1)
        tasks.append(asyncio.create_task(begin[second]()))
        await until_waiting(quiet, 2)
    await asyncio.gather(*tasks)
    assert await roles(quiet, "ann") == [{"sign in": Role.DEPLOYER, "set role": Role.VIEWER}[second]]


async def test_many_first_sign_ins_of_one_make_one_user(quiet: Stack) -> None:
    found = await asyncio.gather(*(adopt(quiet.services, person("ann", "shop"), GRANTS) for _ in range(5)))
    assert len({user.id for user in found}) == 1
    assert await roles(quiet, "ann") == [Role.DEPLOYER]
